# The npm packages of the workspace, exactly as bun.lock says. Sourced by setup.sh, which defines `say`.

npm_stamp=node_modules/.set-up

# What the installed tree depends on, as one digest.
npm_inputs() {
  for manifest in ./*/package.json ./*/*/package.json; do
    case $manifest in ./node_modules/*) continue ;; esac
    set -- "$@" "$manifest"
  done
  cat bun.lock bunfig.toml package.json "$@" | sha256sum
}

npm_packages_are_there() { [ -e "$npm_stamp" ] && [ "$(cat "$npm_stamp")" = "$(npm_inputs)" ]; }

install_npm_packages() {
  say "installing npm packages"
  rm -f "$npm_stamp"
  log=$(mktemp)
  if ! sh tools/bun install --frozen-lockfile >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    say "bun install failed; was a package.json changed without bun.lock? run: sh tools/bun install"
    exit 1
  fi
  rm -f "$log"
  npm_inputs >"$npm_stamp"
}
