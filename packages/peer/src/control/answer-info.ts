import type { ChannelAcceptor } from '@skein/client/network';
import {
  type InfoMessage,
  type InfoRequest,
  limits,
  SkeinError,
  type VerifiedRecord,
} from '@skein/protocol';

/** What an `info` says beyond the record. */
export type InfoFigures = Omit<InfoMessage, 'type' | 'tensors'>;

/** Answers who this peer is, and how busy. */
export function answerInfo(source: {
  record(): VerifiedRecord | null;
  figures(): InfoFigures;
}): ChannelAcceptor<InfoRequest, Omit<InfoMessage, 'tensors'>> {
  return (channel) => ({
    answersErrors: true,
    onMessage() {
      const record = source.record();
      if (record === null) throw new SkeinError('busy', 'this peer is not ready yet');
      const { bytes } = record;
      const figures = source.figures();
      const tensor = { type: 'u8' as const, shape: [bytes.byteLength], bytes };
      void channel.send({ type: 'info', ...figures }, [tensor]);
    },
    onClose: () => undefined,
  });
}

/** Text for a field that holds a name, or a sentence: printable, and cut to its length. */
export function nameText(text: string, charactersMax: number = limits.nameCharactersMax): string {
  return text.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, ' ').slice(0, charactersMax);
}
