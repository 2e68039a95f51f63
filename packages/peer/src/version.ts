/** The version of this package, as `info` answers give it. */
export const peerVersion = '0.1.0';
