import type { ChannelAcceptor } from '@skein/client/network';
import { type ModelHash, type ModelPart, type ModelRequest, SkeinError } from '@skein/protocol';

/** The parts of a model that are not weights, as bytes; null for a part that it lacks. */
export interface ModelParts {
  readonly hash: ModelHash;
  readonly parts: Readonly<Record<ModelPart['part'], Uint8Array | null>>;
}

/** Hands out the manifest, the tokenizer and the chat template of the model that is hosted. */
export function answerModel(
  model: ModelParts,
): ChannelAcceptor<ModelRequest, Omit<ModelPart, 'tensors'>> {
  return (channel) => ({
    answersErrors: true,
    onMessage({ message }) {
      if (message.model !== model.hash) {
        throw new SkeinError('not-hosting', `this peer hosts model ${model.hash}`);
      }
      const bytes = model.parts[message.part];
      if (bytes === null) {
        throw new SkeinError('model-unknown', `the model has no ${message.part}`);
      }
      const tensor = { type: 'u8' as const, shape: [bytes.byteLength], bytes };
      // One at a time: a slow reader does not make large answers pile up.
      return channel.send({ type: 'model-part', part: message.part }, [tensor]);
    },
    onClose: () => undefined,
  });
}
