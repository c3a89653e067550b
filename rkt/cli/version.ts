/**
 * The version of this program, the same as in the package at the root of the repository; a test
 * compares them.
 */
export const VERSION = "0.1.0";
