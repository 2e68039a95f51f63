import { describe } from 'vitest';
import { describeBatches } from './batches.js';
import { describeConcurrency } from './concurrency.js';
import type { EngineUnderTest } from './engine-under-test.js';
import { describeGoldenNumbers } from './golden.js';
import { describeIndependentRows } from './independent-rows.js';
import { describeKvCache } from './kv-cache.js';
import { describeKvTypes } from './kv-types.js';
import { describeLoading } from './loading.js';
import { describeRefusals } from './refusals.js';
import { describeResidualType } from './residual-type.js';

/** Everything that `packages/protocol/src/engine.ts` promises of an engine. */
export function describeEngine(subject: EngineUnderTest): void {
  describe(subject.name, () => {
    describeLoading(subject);
    describeGoldenNumbers(subject);
    describeBatches(subject);
    describeIndependentRows(subject);
    describeKvCache(subject);
    describeKvTypes(subject);
    describeResidualType(subject);
    describeConcurrency(subject);
    describeRefusals(subject);
  });
}
