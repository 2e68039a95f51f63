import { priorities, SkeinError, wireTypes } from '@skein/protocol';
import * as z from 'zod';
import type { ClientGenerateOptions } from '../client/client.js';

/**
 * What only Skein knows: settings of a model, `skein('tiny-tales', { standby: true })`, and of one
 * call, `providerOptions: { skein: { minP: 0.05 } }`, which go before.
 */
export type SkeinModelSettings = Pick<
  ClientGenerateOptions,
  | 'minP'
  | 'repetitionPenalty'
  | 'ignoreEos'
  | 'priority'
  | 'standby'
  | 'wireType'
  | 'acceptMixedNumerics'
  | 'openWaitMs'
  | 'returnWaitMs'
>;

const settingsSchema = z.strictObject({
  minP: z.number().optional(),
  repetitionPenalty: z.number().optional(),
  ignoreEos: z.boolean().optional(),
  priority: z.enum(priorities).optional(),
  standby: z.boolean().optional(),
  wireType: z.enum(wireTypes).optional(),
  acceptMixedNumerics: z.boolean().optional(),
  openWaitMs: z.number().min(0).optional(),
  returnWaitMs: z.number().min(0).optional(),
});

/** @throws SkeinError `bad-argument` that names the setting */
export function parseSettings(value: unknown): SkeinModelSettings {
  const { data, error } = settingsSchema.safeParse(value ?? {});
  if (data !== undefined) {
    const given = Object.entries(data).filter(([, setting]) => setting !== undefined);
    return Object.fromEntries(given) as SkeinModelSettings;
  }
  const text = z.prettifyError(error).replaceAll('\n', ' ');
  throw new SkeinError('bad-argument', `settings of Skein: ${text}`, { cause: error });
}
