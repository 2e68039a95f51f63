import { Ajv2020 } from 'ajv/dist/2020.js';
import { jsonSchemas } from './json-schemas.js';

/** Where and how much to ask. */
export interface JsonRun {
  readonly url: string;
  readonly key: string | null;
  readonly model: string;
  readonly requests: number;
  readonly streams: number;
  readonly tokens: number;
}

/** What a run of answers under schemas comes to. */
export interface JsonSummary {
  readonly requests: number;
  readonly valid: number;
  /** Valid, and shortened so that the limit of tokens was enough. */
  readonly closedEarly: number;
  readonly byFinishReason: Readonly<Record<string, number>>;
  readonly elapsedMs: number;
  readonly tokens: number;
  /** What went wrong, the first few. */
  readonly failures: readonly string[];
}

interface Answer {
  readonly choices?: readonly {
    readonly message: { readonly content: string };
    readonly finish_reason: string;
    readonly closed_early?: boolean;
  }[];
  readonly usage?: { readonly completion_tokens: number };
  readonly error?: { readonly code: string; readonly message: string };
}

const failuresShownMax = 10;

/** Asks for JSON at temperature 1, and holds each answer against its schema by another validator. */
export async function checkJson(run: JsonRun): Promise<JsonSummary> {
  const ajv = new Ajv2020({ strict: false, formats: { date: isDate } });
  const checks = jsonSchemas.map(({ name, schema }) => ({
    name,
    schema,
    isValid: ajv.compile(schema),
  }));
  const failures: string[] = [];
  const byFinishReason: Record<string, number> = {};
  let [next, valid, closedEarly, tokens] = [0, 0, 0, 0];
  const startedAtMs = performance.now();
  const askOnce = async (index: number) => {
    const check = checks[index % checks.length] as (typeof checks)[number];
    const answer = await askForJson(run, { ...check, seed: index });
    const [choice] = answer.choices ?? [];
    const reason = choice?.finish_reason ?? answer.error?.code ?? 'no answer';
    byFinishReason[reason] = (byFinishReason[reason] ?? 0) + 1;
    tokens += answer.usage?.completion_tokens ?? 0;
    if (choice !== undefined && parses(choice.message.content, check.isValid)) {
      valid += 1;
      if (choice.closed_early === true) closedEarly += 1;
    } else if (failures.length < failuresShownMax) {
      failures.push(`${check.name} #${index}: ${reason}: ${choice?.message.content ?? ''}`);
    }
  };
  const stream = async () => {
    while (next < run.requests) {
      next += 1;
      await askOnce(next - 1);
    }
  };
  await Promise.all(Array.from({ length: run.streams }, stream));
  const elapsedMs = performance.now() - startedAtMs;
  return {
    requests: run.requests,
    valid,
    closedEarly,
    byFinishReason,
    elapsedMs,
    tokens,
    failures,
  };
}

async function askForJson(
  { url, key, model, tokens }: JsonRun,
  { name, schema, seed }: { name: string; schema: object; seed: number },
): Promise<Answer> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key !== null && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({
      model,
      messages: [{ role: 'user', content: `Tell me a story about ${name} ${seed % 7}.` }],
      max_tokens: tokens,
      temperature: 1,
      seed,
      response_format: { type: 'json_schema', json_schema: { name, schema, strict: true } },
    }),
  });
  return (await response.json()) as Answer;
}

function parses(text: string, isValid: (value: unknown) => unknown): boolean {
  try {
    return isValid(JSON.parse(text)) === true;
  } catch {
    return false;
  }
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && new Date(text).toISOString().startsWith(text);
}
