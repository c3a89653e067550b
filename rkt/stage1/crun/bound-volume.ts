/** What the parts that find an app's volumes hand to the one that writes its bundle. Data only. */

/** One volume in one app, all paths resolved. */
export interface BoundVolume {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly recursive: boolean;
  /** Made for this pod: it gets what the image has at the target, as long as it is empty. */
  readonly isFilled?: boolean;
  /** A new file system in memory instead of a source, with these options. */
  readonly tmpfs?: readonly string[];
}
