import type { Token, Tokens } from 'marked';
import type { ComponentChildren } from 'preact';
import { chatLimits } from '../chat-limits.js';
import { CodeBlock } from './code-block.js';
import { Inline } from './inline.js';

interface BlockProps {
  readonly token: Token;
  readonly depth: number;
}

/** One block of markdown, and the blocks within it. */
export function BlockView({ token, depth }: BlockProps): ComponentChildren {
  if (depth > chatLimits.markdownDepthMax) return <p class="plain">{token.raw}</p>;
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'hr':
      return <hr />;
    case 'code': {
      const { text, lang = '' } = token as Tokens.Code;
      return <CodeBlock text={text} language={lang.split(/\s/)[0] ?? ''} />;
    }
    case 'heading':
      return <Heading token={token as Tokens.Heading} />;
    case 'blockquote':
      return (
        <blockquote>
          <BlockList tokens={(token as Tokens.Blockquote).tokens} depth={depth + 1} />
        </blockquote>
      );
    case 'list':
      return <List token={token as Tokens.List} depth={depth} />;
    case 'table':
      return <Table token={token as Tokens.Table} />;
    case 'paragraph':
      return (
        <p>
          <Inline tokens={(token as Tokens.Paragraph).tokens} depth={0} />
        </p>
      );
    case 'text': {
      const { tokens, text } = token as Tokens.Text;
      return tokens === undefined ? text : <Inline tokens={tokens} depth={0} />;
    }
    // HTML, and whatever else: as it was written.
    default:
      return <p class="plain">{token.raw}</p>;
  }
}

function BlockList({
  tokens,
  depth,
}: {
  readonly tokens: readonly Token[];
  readonly depth: number;
}) {
  return (
    <>
      {tokens.map((token, index) => (
        <BlockView key={`${index}${token.type}`} token={token} depth={depth} />
      ))}
    </>
  );
}

/** The page has the first two levels for itself. */
function Heading({ token }: { readonly token: Tokens.Heading }) {
  const content = <Inline tokens={token.tokens} depth={0} />;
  if (token.depth === 1) return <h3 class="first">{content}</h3>;
  return token.depth === 2 ? <h3>{content}</h3> : <h4>{content}</h4>;
}

function List({ token, depth }: { readonly token: Tokens.List; readonly depth: number }) {
  const items = token.items.map((item, index) => (
    <li key={index} class={item.task ? 'task' : undefined}>
      {item.task && <span aria-hidden="true">{item.checked ? '☑ ' : '☐ '}</span>}
      {item.task && <span class="unseen">{item.checked ? 'Done: ' : 'To do: '}</span>}
      <BlockList tokens={withoutBoxes(item.tokens)} depth={depth + 1} />
    </li>
  ));
  if (!token.ordered) return <ul>{items}</ul>;
  return <ol start={token.start === '' ? 1 : token.start}>{items}</ol>;
}

/** The parser has the box of a task as a token; we draw our own. */
function withoutBoxes(tokens: readonly Token[]): readonly Token[] {
  return tokens.filter(({ type }) => type !== 'checkbox');
}

function Table({ token }: { readonly token: Tokens.Table }) {
  const cell = ({ tokens }: Tokens.TableCell) => <Inline tokens={tokens} depth={0} />;
  const alignOf = (column: number) => token.align[column] ?? 'left';
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: wide tables scroll, by keyboard as well.
    <section class="wide" tabIndex={0} aria-label="Table">
      <table>
        <thead>
          <tr>
            {token.header.map((head, column) => (
              <th key={column} scope="col" class={alignOf(column)}>
                {cell(head)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {token.rows.map((row, index) => (
            <tr key={index}>
              {row.map((data, column) => (
                <td key={column} class={alignOf(column)}>
                  {cell(data)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
