/** What is wrong with a command line in a way that the command's help answers. */
import { Fault } from "@shared/base";

/** Answered with the command's help on standard output. */
export class UsageFault extends Fault {}
