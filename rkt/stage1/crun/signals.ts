/**
 * The signals of the supervisor, from its first instant on: what comes before the apps run is kept,
 * so that whoever stops a pod early still gets its networks given back.
 */
import process from "node:process";

/** Signals that end the pod, and are passed on to its apps. */
const ENDING: readonly NodeJS.Signals[] = ["SIGTERM", "SIGINT", "SIGQUIT"];
/** Signals that are only passed on. */
const PASSED_ON: readonly NodeJS.Signals[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

export interface SignalReceiver {
  /** The pod shall end. */
  end(signal: NodeJS.Signals): void;
  /** The apps shall get the signal. */
  pass(signal: NodeJS.Signals): void;
}

export class PodSignals implements Disposable {
  #receiver: SignalReceiver | undefined;
  #early: NodeJS.Signals[] = [];
  readonly #handler = (signal: NodeJS.Signals): void => this.#take(signal);

  constructor() {
    for (const signal of [...ENDING, ...PASSED_ON]) process.on(signal, this.#handler);
  }

  /** The first signal to end the pod that came before there was a receiver. */
  get earlyEnd(): NodeJS.Signals | undefined {
    return this.#early.find((signal) => ENDING.includes(signal));
  }

  /** From now on signals go to `receiver`; those that were kept go first. */
  deliverTo(receiver: SignalReceiver): void {
    this.#receiver = receiver;
    for (const signal of this.#early.splice(0)) this.#take(signal);
  }

  #take(signal: NodeJS.Signals): void {
    if (this.#receiver === undefined) this.#early.push(signal);
    else if (ENDING.includes(signal)) this.#receiver.end(signal);
    else this.#receiver.pass(signal);
  }

  [Symbol.dispose](): void {
    for (const signal of [...ENDING, ...PASSED_ON]) process.off(signal, this.#handler);
  }
}
