/**
 * Branded identifiers: values of the same primitive type that must not be mixed up.
 *
 * A brand exists only in the type system; at run time these are plain strings and numbers.
 */

declare const brand: unique symbol;
type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** One client's generation context on a route: 32 lower-case hex digits (128 random bits). */
export type SessionId = Branded<string, 'SessionId'>;

/** SHA-256 of a canonical {@link ModelManifest}: 64 lower-case hex digits. */
export type ModelHash = Branded<string, 'ModelHash'>;

/** A libp2p peer id in its canonical base58 text form. */
export type PeerId = Branded<string, 'PeerId'>;

/** An index into a model's vocabulary. */
export type TokenId = Branded<number, 'TokenId'>;

const sessionIdPattern = /^[0-9a-f]{32}$/;
const modelHashPattern = /^[0-9a-f]{64}$/;

/** Tells whether `text` has the form of a {@link SessionId}. */
export function isSessionId(text: string): text is SessionId {
  return sessionIdPattern.test(text);
}

/** Tells whether `text` has the form of a {@link ModelHash}. */
export function isModelHash(text: string): text is ModelHash {
  return modelHashPattern.test(text);
}

/**
 * Makes a fresh session id. It is also a capability: a peer that presents it may push
 * activations into the session, so it comes from the platform's secure random source.
 */
export function createSessionId(): SessionId {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text as SessionId;
}
