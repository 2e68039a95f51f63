/**
 * Where `@huggingface/tokenizers` 0.2.0 differs from the Rust library, its parts are mended in
 * place. `test/text/tokenizer-deviations.test.ts` has a case for each, and the ones left.
 */
import {
  ByteLevelPreTokenizer,
  DigitsPreTokenizer,
  type Normalizer,
  type PreTokenizer,
  SequenceNormalizer,
  SequencePreTokenizer,
  SplitPreTokenizer,
  StripNormalizer,
} from './huggingface-parts.js';

/**
 * GPT-2's pattern. JavaScript's \s differs from Unicode's White_Space, which the Rust library
 * uses: it lacks U+0085 and has U+FEFF.
 */
const byteLevelPattern = new RegExp(
  [
    "'s|'t|'re|'ve|'m|'ll|'d",
    String.raw` ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+`,
    String.raw`\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`,
  ].join('|'),
  'gu',
);

/**
 * Rewrites the `pre_tokenizer` field: `Metaspace` is given the split before every space that the
 * package leaves out, and the older way to say that it prepends nothing.
 */
export function repairPreTokenizerField(field: unknown): unknown {
  if (typeof field !== 'object' || field === null) return field;
  const fields = field as Readonly<Record<string, unknown>>;
  if (fields.type === 'Sequence' && Array.isArray(fields.pretokenizers)) {
    return { ...fields, pretokenizers: fields.pretokenizers.map(repairPreTokenizerField) };
  }
  if (fields.type !== 'Metaspace') return field;
  const metaspace =
    fields.add_prefix_space === false && fields.prepend_scheme === undefined
      ? { ...fields, prepend_scheme: 'never' }
      : fields;
  if (fields.split === false) return metaspace;
  const pattern = { String: fields.replacement ?? '\u2581' };
  const split = { type: 'Split', pattern, behavior: 'MergedWithNext', invert: false };
  return { type: 'Sequence', pretokenizers: [metaspace, split] };
}

/** Mends white space in `Strip`. */
export function repairNormalizer(normalizer: Normalizer | null): void {
  if (normalizer instanceof SequenceNormalizer) normalizer.normalizers.forEach(repairNormalizer);
  if (!(normalizer instanceof StripNormalizer)) return;
  const { strip_left: stripsLeft, strip_right: stripsRight } = normalizer.config;
  normalizer.normalize = (text) => {
    const trimmed = stripsLeft ? text.replace(/^\p{White_Space}+/u, '') : text;
    return stripsRight ? trimmed.slice(0, trimmedLength(trimmed)) : trimmed;
  };
}

/** Mends white space, digits and the behaviours of `Split`. */
export function repairPreTokenizer(preTokenizer: PreTokenizer | null): void {
  if (preTokenizer instanceof SequencePreTokenizer) {
    preTokenizer.tokenizers.forEach(repairPreTokenizer);
  } else if (preTokenizer instanceof ByteLevelPreTokenizer) {
    preTokenizer.pattern = byteLevelPattern;
  } else if (preTokenizer instanceof DigitsPreTokenizer) {
    // \d is ASCII; the Rust library asks for any numeric character.
    preTokenizer.pattern = preTokenizer.config.individual_digits
      ? /[^\p{N}]+|\p{N}/gu
      : /[^\p{N}]+|\p{N}+/gu;
  } else if (preTokenizer instanceof SplitPreTokenizer) {
    repairSplit(preTokenizer);
  }
}

function repairSplit(split: SplitPreTokenizer): void {
  const { pattern } = split;
  if (pattern === null) return;
  const { behavior, invert } = split.config;
  split.pre_tokenize_text = (text) => {
    const segments = segmentsOf(text, pattern);
    if (invert) for (const segment of segments) segment.isMatch = !segment.isMatch;
    return mergeSegments(segments, behavior ?? 'Isolated');
  };
}

interface Segment {
  text: string;
  isMatch: boolean;
}

function segmentsOf(text: string, pattern: RegExp): Segment[] {
  const segments: Segment[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match[0] === '') continue;
    if (end < match.index) segments.push({ text: text.slice(end, match.index), isMatch: false });
    segments.push({ text: match[0], isMatch: true });
    end = match.index + match[0].length;
  }
  if (end < text.length) segments.push({ text: text.slice(end), isMatch: false });
  return segments;
}

/** The five behaviours of the Rust library's `SplitDelimiterBehavior`. */
function mergeSegments(segments: readonly Segment[], behavior: string): string[] {
  switch (behavior.toLowerCase()) {
    case 'removed':
      return segments.filter(({ isMatch }) => !isMatch).map(({ text }) => text);
    case 'contiguous':
      return merge(segments, (segment, previous) => segment.isMatch === previous.isMatch);
    case 'mergedwithprevious':
      return merge(segments, (segment, previous) => segment.isMatch && !previous.isMatch);
    case 'mergedwithnext':
      return merge(segments, (segment, previous) => previous.isMatch && !segment.isMatch);
    default:
      return segments.map(({ text }) => text);
  }
}

function merge(
  segments: readonly Segment[],
  joins: (segment: Segment, previous: Segment) => boolean,
): string[] {
  const merged: string[] = [];
  segments.forEach((segment, index) => {
    const previous = segments[index - 1];
    if (previous !== undefined && joins(segment, previous)) {
      merged[merged.length - 1] = (merged[merged.length - 1] ?? '') + segment.text;
    } else merged.push(segment.text);
  });
  return merged;
}

function trimmedLength(text: string): number {
  let length = text.length;
  while (length > 0 && /\p{White_Space}/u.test(text.charAt(length - 1))) length--;
  return length;
}
