/**
 * The two images of the demonstration, made of the machine's busybox: a greeter in appc's form,
 * signed, that answers on the pod's loopback, and an asker in OCI's form that asks it.
 */
import { busyboxOci, type OciImage, writeAci } from "@e2e/rkt";

/** Answers two pages on port 8080: one greets, the other ends the greeter. */
const GREETER = `
mkdir -p /srv/cgi-bin
echo "hello over the loopback of our pod" >/srv/index.html
cat >/srv/cgi-bin/end <<END
#!/bin/sh
echo "Content-Type: text/plain"
echo
kill \\$(cat /tmp/pid)
END
chmod 755 /srv/cgi-bin/end
httpd -f -p 127.0.0.1:8080 -h /srv & echo $! >/tmp/pid
echo "I listen on 127.0.0.1:8080"
wait
echo "I was asked to end"
`;

/** Asks until there is an answer, then asks the greeter to end. */
const ASKER = `
until answer=$(wget -q -O - http://127.0.0.1:8080/ 2>/dev/null); do sleep 0.05; done
echo "the greeter says: $answer"
wget -q -O - http://127.0.0.1:8080/cgi-bin/end 2>/dev/null
echo "I am done"
`;

/** Name of the signed image, and the prefix that its key is trusted for. */
export const GREETER_NAME = "example.test/greeter";

/** Writes the greeter's archive and returns its path; it still has to be signed. */
export function writeGreeter(directory: string): string {
  return writeAci(directory, "greeter.aci", {
    name: GREETER_NAME,
    exec: ["/bin/sh", "-c", GREETER],
  });
}

/** The asker, in the layers of busybox. */
export function askerImage(): OciImage {
  return busyboxOci({ config: { Cmd: ["/bin/sh", "-c", ASKER] } });
}
