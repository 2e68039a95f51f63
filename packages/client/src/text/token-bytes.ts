import { byteOfFallbackToken, bytesOfByteLevel, type DecodeStage } from './decode-stages.js';

const textEncoder = new TextEncoder();

/** Makes a function from a token's text in the vocabulary to the bytes that it adds to a text. */
export function createTokenBytes(
  decoder: unknown,
  createStage: () => DecodeStage,
): (tokenText: string) => Uint8Array {
  const types = decoderTypes(decoder);
  const isByteLevel = types.has('ByteLevel');
  const hasFallback = types.has('ByteFallback');
  return (tokenText) => {
    if (isByteLevel) return bytesOfByteLevel(tokenText) ?? textEncoder.encode(tokenText);
    const byte = hasFallback ? byteOfFallbackToken(tokenText) : null;
    if (byte !== null) return Uint8Array.of(byte);
    const stage = createStage();
    // Some decoders treat a text's first token in their own way: this one is put before.
    stage.push('a');
    const pieces = [...stage.push(tokenText), ...stage.flush()];
    return textEncoder.encode(pieces.join(''));
  };
}

function decoderTypes(decoder: unknown): Set<unknown> {
  const { type, decoders } = (decoder ?? {}) as { type?: unknown; decoders?: unknown };
  const parts = Array.isArray(decoders) ? decoders : [];
  return new Set([type, ...parts.flatMap((part) => [...decoderTypes(part)])]);
}
