/**
 * The signatures of functions, for the checker. A line has a name and its overloads, arguments and
 * result; one that begins with `|` goes on. The target of a member call is its first argument. A
 * capital letter stands for any type.
 */
import type { CelType } from "./types.ts";

const TEXT = `
!_ bool:bool
-_ int:int|double:double
_+_ int,int:int|uint,uint:uint|double,double:double|string,string:string|bytes,bytes:bytes
|list<A>,list<A>:list<A>|timestamp,duration:timestamp|duration,timestamp:timestamp
|duration,duration:duration
_-_ int,int:int|uint,uint:uint|double,double:double|timestamp,timestamp:duration
|timestamp,duration:timestamp|duration,duration:duration
_*_ int,int:int|uint,uint:uint|double,double:double
_/_ int,int:int|uint,uint:uint|double,double:double
_%_ int,int:int|uint,uint:uint
_&&_ bool,bool:bool
_||_ bool,bool:bool
_?_:_ bool,A,A:A
_==_ A,A:bool
_!=_ A,A:bool
@in A,list<A>:bool|A,map<A,B>:bool
_[_] list<A>,int:A|map<A,B>,A:B|optional<list<A>>,int:optional<A>
|optional<map<A,B>>,A:optional<B>
_[?_] list<A>,int:optional<A>|map<A,B>,A:optional<B>|optional<list<A>>,int:optional<A>
|optional<map<A,B>>,A:optional<B>
size string:int|bytes:int|list<A>:int|map<A,B>:int
int int:int|uint:int|double:int|string:int|timestamp:int|duration:int
uint uint:uint|int:uint|double:uint|string:uint
double double:double|int:double|uint:double|string:double
string string:string|bool:string|int:string|uint:string|double:string|bytes:string
|timestamp:string|duration:string|net.IP:string|net.CIDR:string
bool bool:bool|string:bool
bytes bytes:bytes|string:bytes
duration duration:duration|string:duration
timestamp timestamp:timestamp|string:timestamp|int:timestamp
dyn A:dyn
type A:type
contains string,string:bool
startsWith string,string:bool
endsWith string,string:bool
matches string,string:bool
find string,string:string
findAll string,string:list<string>|string,string,int:list<string>
charAt string,int:string
indexOf string,string:int|string,string,int:int|list<A>,A:int
lastIndexOf string,string:int|string,string,int:int|list<A>,A:int
lowerAscii string:string
upperAscii string:string
replace string,string,string:string|string,string,string,int:string
reverse string:string|list<A>:list<A>
split string,string:list<string>|string,string,int:list<string>
join list<string>:string|list<string>,string:string
substring string,int:string|string,int,int:string
trim string:string
format string,list<dyn>:string
strings.quote string:string
isSorted list<A>:bool
sum list<A>:A
min list<A>:A
max list<A>:A
sort list<A>:list<A>
distinct list<A>:list<A>
flatten list<A>:list<dyn>|list<A>,int:list<dyn>
slice list<A>,int,int:list<A>
first list<A>:optional<A>
last list<A>:optional<A>
lists.range int:list<int>
sets.contains list<A>,list<A>:bool
sets.equivalent list<A>,list<A>:bool
sets.intersects list<A>,list<A>:bool
optional.none :optional<dyn>
optional.of A:optional<A>
optional.ofNonZeroValue A:optional<A>
optional.unwrap list<optional<A>>:list<A>
unwrapOpt list<optional<A>>:list<A>
hasValue optional<A>:bool
value optional<A>:A
or optional<A>,optional<A>:optional<A>
orValue optional<A>,A:A
getFullYear timestamp:int|timestamp,string:int
getMonth timestamp:int|timestamp,string:int
getDayOfYear timestamp:int|timestamp,string:int
getDayOfMonth timestamp:int|timestamp,string:int
getDate timestamp:int|timestamp,string:int
getDayOfWeek timestamp:int|timestamp,string:int
getHours timestamp:int|timestamp,string:int|duration:int
getMinutes timestamp:int|timestamp,string:int|duration:int
getSeconds timestamp:int|timestamp,string:int|duration:int
getMilliseconds timestamp:int|timestamp,string:int|duration:int
math.ceil double:double
math.floor double:double
math.round double:double
math.trunc double:double
math.isNaN double:bool
math.isInf double:bool
math.isFinite double:bool
math.abs int:int|uint:uint|double:double
math.sign int:int|uint:uint|double:double
math.sqrt int:double|uint:double|double:double
math.bitAnd int,int:int|uint,uint:uint
math.bitOr int,int:int|uint,uint:uint
math.bitXor int,int:int|uint,uint:uint
math.bitNot int:int|uint:uint
math.bitShiftLeft int,int:int|uint,int:uint
math.bitShiftRight int,int:int|uint,int:uint
quantity string:kubernetes.Quantity
isQuantity string:bool
compareTo kubernetes.Quantity,kubernetes.Quantity:int|kubernetes.Semver,kubernetes.Semver:int
isGreaterThan kubernetes.Quantity,kubernetes.Quantity:bool
|kubernetes.Semver,kubernetes.Semver:bool
isLessThan kubernetes.Quantity,kubernetes.Quantity:bool|kubernetes.Semver,kubernetes.Semver:bool
add kubernetes.Quantity,kubernetes.Quantity:kubernetes.Quantity
|kubernetes.Quantity,int:kubernetes.Quantity
sub kubernetes.Quantity,kubernetes.Quantity:kubernetes.Quantity
|kubernetes.Quantity,int:kubernetes.Quantity
sign kubernetes.Quantity:int
isInteger kubernetes.Quantity:bool
asInteger kubernetes.Quantity:int
asApproximateFloat kubernetes.Quantity:double
ip string:net.IP|net.CIDR:net.IP
isIP string:bool
ip.isCanonical string:bool
family net.IP:int
isUnspecified net.IP:bool
isLoopback net.IP:bool
isLinkLocalMulticast net.IP:bool
isLinkLocalUnicast net.IP:bool
isGlobalUnicast net.IP:bool
cidr string:net.CIDR
isCIDR string:bool
containsIP net.CIDR,net.IP:bool|net.CIDR,string:bool
containsCIDR net.CIDR,net.CIDR:bool|net.CIDR,string:bool
masked net.CIDR:net.CIDR
prefixLength net.CIDR:int
url string:kubernetes.URL
isURL string:bool
getScheme kubernetes.URL:string
getHost kubernetes.URL:string
getHostname kubernetes.URL:string
getPort kubernetes.URL:string
getEscapedPath kubernetes.URL:string
getQuery kubernetes.URL:map<string,list<string>>
format.named string:optional<kubernetes.NamedFormat>
validate kubernetes.NamedFormat,string:optional<list<string>>
semver string:kubernetes.Semver|string,bool:kubernetes.Semver
isSemver string:bool|string,bool:bool
major kubernetes.Semver:int
minor kubernetes.Semver:int
patch kubernetes.Semver:int
`;

const COMPARED = ["int", "uint", "double", "string", "bytes", "bool", "timestamp", "duration"];

export interface Overload {
  readonly args: readonly CelType[];
  readonly result: CelType;
}

let table: ReadonlyMap<string, readonly Overload[]> | undefined;

/** The overloads of a function; undefined where only its values tell. */
export function overloadsOf(name: string): readonly Overload[] | undefined {
  table ??= readTable();
  if (name.startsWith("format.") && name !== "format.named") return FORMATS;
  return table.get(name);
}

const FORMATS: readonly Overload[] = [{ args: [], result: { name: "kubernetes.NamedFormat" } }];

function readTable(): ReadonlyMap<string, readonly Overload[]> {
  const out = new Map<string, readonly Overload[]>();
  for (const line of TEXT.trim().replaceAll("\n|", "|").split("\n")) {
    const at = line.indexOf(" ");
    out.set(
      line.slice(0, at),
      line
        .slice(at + 1)
        .split("|")
        .map(readOverload),
    );
  }
  const numbers = ["int", "uint", "double"];
  const pairs = COMPARED.flatMap((left) =>
    (numbers.includes(left) ? numbers : [left]).map((right) => [left, right] as const),
  );
  const compared = pairs.map(([left, right]) => readOverload(`${left},${right}:bool`));
  for (const name of ["_<_", "_<=_", "_>_", "_>=_"]) out.set(name, compared);
  return out;
}

function readOverload(text: string): Overload {
  const at = text.lastIndexOf(":");
  const args = text.slice(0, at);
  return { args: splitTypes(args).map(readType), result: readType(text.slice(at + 1)) };
}

function splitTypes(text: string): readonly string[] {
  const out: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at <= text.length; at++) {
    const char = text[at];
    if (char === "<") depth++;
    if (char === ">") depth--;
    if (depth > 0 || (char !== "," && char !== undefined)) continue;
    if (at > from) out.push(text.slice(from, at));
    from = at + 1;
  }
  return out;
}

function readType(text: string): CelType {
  const at = text.indexOf("<");
  if (at < 0) return { name: text };
  return { name: text.slice(0, at), of: splitTypes(text.slice(at + 1, -1)).map(readType) };
}
