const MiB = 1024 * 1024;

/** Every maximum of the pages, with its reason. */
export const pageLimits = {
  /** Files of all folders: our pages have about a dozen. */
  filesMax: 256,
  /** Bytes of all files together: they are kept in memory. */
  bytesMax: 16 * MiB,
  /** Folders within folders: our pages have one level. */
  depthMax: 4,
  /** Smaller files gain nothing by compression. */
  compressedBytesMin: 1024,
} as const;
