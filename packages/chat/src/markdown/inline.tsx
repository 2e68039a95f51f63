import type { Token, Tokens } from 'marked';
import { chatLimits } from '../chat-limits.js';
import { plainText } from './plain-text.js';
import { safeLink } from './safe-link.js';

interface InlineProps {
  readonly tokens: readonly Token[];
  readonly depth: number;
}

/** Markdown within a line. */
export function Inline({ tokens, depth }: InlineProps) {
  if (depth > chatLimits.markdownDepthMax) return <>{tokens.map(({ raw }) => raw).join('')}</>;
  return (
    <>
      {tokens.map((token, index) => (
        <InlineToken key={`${index}${token.type}`} token={token} depth={depth} />
      ))}
    </>
  );
}

function InlineToken({ token, depth }: { readonly token: Token; readonly depth: number }) {
  const inner = 'tokens' in token && token.tokens !== undefined;
  const content = inner ? (
    <Inline tokens={token.tokens as Token[]} depth={depth + 1} />
  ) : (
    plainText((token as Tokens.Text).text ?? token.raw)
  );
  switch (token.type) {
    case 'strong':
      return <strong>{content}</strong>;
    case 'em':
      return <em>{content}</em>;
    case 'del':
      return <del>{content}</del>;
    case 'codespan':
      return <code>{(token as Tokens.Codespan).text}</code>;
    case 'br':
      return <br />;
    case 'text':
    case 'escape':
      return <>{content}</>;
    case 'link':
      return <Link href={(token as Tokens.Link).href}>{content}</Link>;
    case 'image': {
      const { href, text } = token as Tokens.Image;
      return <Link href={href}>{text === '' ? 'picture' : `picture: ${plainText(text)}`}</Link>;
    }
    // HTML, and whatever else: as it was written.
    default:
      return <>{token.raw}</>;
  }
}

function Link({
  href,
  children,
}: {
  readonly href: string;
  readonly children: preact.ComponentChildren;
}) {
  const address = safeLink(href);
  if (address === null) return <>{children}</>;
  return (
    <a href={address} title={address} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}
