import type { ToHopMessage } from '@skein/protocol';

/** A message as it is sent: the frame's encoder adds the tensors' layouts. */
type WithoutTensors<Message> = Message extends unknown ? Omit<Message, 'tensors'> : never;

/** What a client sends on a session stream. */
export type OutgoingMessage = WithoutTensors<ToHopMessage>;
export type OutgoingStep = Extract<OutgoingMessage, { type: 'step' }>;
