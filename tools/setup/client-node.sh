# @kubernetes/client-node for a test that runs it under Node, exactly as its own bun.lock says. Sourced
# by setup.sh, which defines `say`.
#
# Apart from the workspace: it brings types of another Node, which those of the program must not meet.

client_node=.cache/client-node

client_node_inputs() { cat tools/setup/client-node/package.json tools/setup/client-node/bun.lock | sha256sum; }

# Silent where there is no Node: the test that needs it skips itself.
client_node_is_there() {
  command -v node >/dev/null 2>&1 || return 0
  [ -e "$client_node/.set-up" ] && [ "$(cat "$client_node/.set-up")" = "$(client_node_inputs)" ]
}

install_client_node() {
  say "installing @kubernetes/client-node for the tests"
  rm -rf "$client_node"
  mkdir -p "$client_node"
  cp tools/setup/client-node/package.json tools/setup/client-node/bun.lock "$client_node/"
  log=$(mktemp)
  if (cd "$client_node" && sh ../../tools/bun install --frozen-lockfile --ignore-scripts) >"$log" 2>&1; then
    client_node_inputs >"$client_node/.set-up"
  else
    tail -n 5 "$log" >&2
    say "@kubernetes/client-node could not be installed"
  fi
  rm -f "$log"
}
