import type { ToClientMessage, ToPredecessorMessage, ToSuccessorMessage } from '@skein/protocol';

/** A message as it is sent: the frame's encoder adds the tensors' layouts. */
type WithoutTensors<Message> = Message extends unknown ? Omit<Message, 'tensors'> : never;

export type OutgoingToClient = WithoutTensors<ToClientMessage>;
export type OutgoingToSuccessor = WithoutTensors<ToSuccessorMessage>;
export type OutgoingToPredecessor = WithoutTensors<ToPredecessorMessage>;
export type OutgoingResult = Extract<OutgoingToClient, { type: 'result' }>;
export type OutgoingStep = Extract<OutgoingToSuccessor, { type: 'step' }>;
export type OutgoingPiece = Extract<OutgoingToSuccessor, { type: 'kv' }>;
