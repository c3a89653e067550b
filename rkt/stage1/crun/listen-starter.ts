/**
 * The program that starts an app with sockets: LISTEN_PID must be the app's own pid, which nobody
 * knows before it runs. It writes its pid into its environment and becomes the program that its
 * first argument names. Pure: its bytes flow out, an ELF file that needs no library.
 *
 * @see sd_listen_fds(3); System V ABI, AMD64 supplement, "Process Initialization"
 */

/** What the program replaces: long enough for any pid, and a pid that nobody has. */
export const LISTEN_PID_UNSET = "0000000000";

/**
 * ```
 *   rcx = argc; r12 = argv; r13 = envp; rax = getpid()
 *   for each of envp: does it begin with "LISTEN_P", "ID=0"?
 *     the digits of rax go to the stack, last first, and from there behind the "=", then a zero
 *   execve(argv[1], argv + 1, envp); exit(127)
 * ```
 */
const CODE_X64 =
  "488b0c24" + // mov    (%rsp),%rcx
  "4c8d642408" + // lea    8(%rsp),%r12
  "4c8d6ccc10" + // lea    16(%rsp,%rcx,8),%r13
  "b8270000000f05" + // mov $39,%eax; syscall
  "4c89ee" + // mov    %r13,%rsi
  "49b84c495354454e5f50" + // movabs "LISTEN_P",%r8
  "488b3e4885ff7434" + // next: mov (%rsi),%rdi; test %rdi,%rdi; jz run
  "4883c608" + // add    $8,%rsi
  "4c390775ef" + // cmp    %r8,(%rdi); jne next
  "817f0849443d3075e6" + // cmpl "ID=0",8(%rdi); jne next
  "4883c70b31c941b90a000000" + // add $11,%rdi; xor %ecx,%ecx; mov $10,%r9d
  "31d241f7f183c23052ffc185c075f1" + // digit: div by 10, push %rdx, until nothing is left
  "58aae2fcc60700" + // copy: pop %rax; stosb; loop copy; movb $0,(%rdi)
  "498b7c2408498d7424084c89eab83b0000000f05" + // run: execve(argv[1], argv + 1, envp)
  "bf7f000000b83c0000000f05"; // exit(127)

const BASE = 0x400000n;
const HEADER_BYTES = 64 + 56;

/** The program; undefined for a processor that it is not written for. */
export function listenStarter(architecture: string = process.arch): Buffer | undefined {
  if (architecture !== "x64") return undefined;
  const code = Buffer.from(CODE_X64, "hex");
  const size = BigInt(HEADER_BYTES + code.length);
  return Buffer.concat([fileHeader(), programHeader(size), code]);
}

const MACHINE_X64 = 62;

function fileHeader(): Buffer {
  const header = Buffer.alloc(64);
  header.write("\x7fELF\x02\x01\x01", "latin1"); // 64 bits, little endian, version 1
  header.writeUInt16LE(2, 16); // an executable
  header.writeUInt16LE(MACHINE_X64, 18);
  header.writeUInt32LE(1, 20);
  header.writeBigUInt64LE(BASE + BigInt(HEADER_BYTES), 24); // entry
  header.writeBigUInt64LE(64n, 32); // where the program header is
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(56, 54);
  header.writeUInt16LE(1, 56); // one of them
  return header;
}

/** All of the file, readable and executable. */
function programHeader(size: bigint): Buffer {
  const header = Buffer.alloc(56);
  header.writeUInt32LE(1, 0); // to be loaded
  header.writeUInt32LE(5, 4);
  for (const at of [16, 24]) header.writeBigUInt64LE(BASE, at);
  for (const at of [32, 40]) header.writeBigUInt64LE(size, at);
  header.writeBigUInt64LE(4096n, 48);
  return header;
}
