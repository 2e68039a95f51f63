import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, whyNoBrowser } from '../support/chromium.js';
import { startGateway, type TestGateway, tinyTales } from '../support/gateway.js';
import { expectAccessible, watchPage } from '../support/page-checks.js';
import { stopEverything } from '../support/skein-process.js';
import { type Swarm, startSwarm } from '../support/swarm.js';

const question = 'Tell me a story about a fox and a lost key.';

let browser: Browser;
let swarm: Swarm;
let gateway: TestGateway;

const isSkipped = whyNoBrowser !== null;
if (isSkipped) console.warn(`chat page: ${whyNoBrowser}`);

beforeAll(async () => {
  if (isSkipped) return;
  [browser, swarm] = await Promise.all([
    launchChromium(),
    startSwarm({ model: tinyTales, blocks: ['0:4', '4:8', '0:4', '4:8'] }),
  ]);
  gateway = await startGateway(swarm);
});

afterAll(async () => {
  await browser?.close();
  await stopEverything();
});

async function openPage(url = gateway.url, options: { colorScheme?: 'light' | 'dark' } = {}) {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(30_000);
  await page.goto(`${url}/`);
  return page;
}

async function ask(page: Page, text = question): Promise<void> {
  await page.locator('#model option[value="tiny-tales"]').waitFor({ state: 'attached' });
  await page.fill('#question', text);
  await page.keyboard.press('Enter');
}

/** Waits until the newest answer has so many characters. */
async function untilWritten(page: Page, characters: number): Promise<void> {
  await page.waitForFunction((most) => {
    const answers = document.querySelectorAll('.answer .markdown');
    return (answers[answers.length - 1]?.textContent?.length ?? 0) >= most;
  }, characters);
}

/** What the page has kept of its newest conversation. */
async function kept(page: Page): Promise<{ role: string; text: string; state?: string }[]> {
  return await page.evaluate(() => {
    const conversations = JSON.parse(localStorage.getItem('skein-conversations') ?? '[]');
    return conversations[0]?.messages ?? [];
  });
}

const ended = (page: Page) => page.locator('.answer .under').last().waitFor();

describe.skipIf(isSkipped)('the chat page', () => {
  it('shows a reroute when a peer is killed, and the text that an unbroken route gives', async () => {
    const page = await openPage();
    const { foreign, complaints } = watchPage(page);
    await page.getByRole('button', { name: 'Settings' }).click();
    await page.getByLabel('Temperature').fill('0.7');
    await page.getByLabel('Seed').fill('3');
    await page.getByLabel('System prompt').fill('You tell stories.');
    await page.getByRole('button', { name: 'Close' }).click();
    await ask(page);
    await untilWritten(page, 60);
    const names = await page.locator('.route li .name').allTextContents();
    expect(names).toHaveLength(2);
    const victim = Number(/peer-(\d)/.exec(names[1] ?? '')?.[1]);
    // Peers were started in this order; their names count from one.
    swarm.peers.find((_, index) => index === victim - 1)?.process.kill('SIGKILL');
    await page.locator('.reroutes li').waitFor();
    expect(await page.locator('.reroutes').textContent()).toMatch(
      new RegExp(`peer-${victim} was lost; peer-\\d took blocks 4–7`),
    );
    await page.locator('.route li.new').waitFor();
    await ended(page);
    const unbroken = await gateway.openai.chat.completions.create({
      model: 'tiny-tales',
      temperature: 0.7,
      seed: 3,
      messages: [
        { role: 'system', content: 'You tell stories.' },
        { role: 'user', content: question },
      ],
    });
    const [, answer] = await kept(page);
    expect(answer).toMatchObject({ state: 'whole', text: unbroken.choices[0]?.message.content });
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('stops, asks again, and edits', async () => {
    const page = await openPage();
    await ask(page);
    await untilWritten(page, 40);
    await page.keyboard.press('Escape');
    await ended(page);
    expect(await page.locator('.under .note').textContent()).toContain('stopped');
    const [, stopped] = await kept(page);
    expect(stopped?.state).toBe('stopped');
    await page.getByRole('button', { name: 'Another answer' }).click();
    await untilWritten(page, 40);
    await page.getByRole('button', { name: 'Stop' }).click();
    await ended(page);
    await page.getByRole('button', { name: 'Edit this question' }).click();
    await page.getByLabel('Your question').first().fill('Tell me about an owl.');
    await page.getByRole('button', { name: 'Ask again' }).click();
    await untilWritten(page, 10);
    await ended(page);
    const messages = await kept(page);
    expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant']);
    expect(messages[0]?.text).toBe('Tell me about an owl.');
    await page.reload();
    await page
      .locator('nav')
      .getByRole('button', { name: 'Tell me about an owl.', exact: true })
      .click();
    await page.locator('.answer .markdown').waitFor();
    await page.close();
  });

  it('makes neither elements nor requests of what a model writes', async () => {
    const page = await openPage();
    const { foreign, complaints } = watchPage(page);
    const text = [
      '<script>globalThis.isTaken = true</script>',
      '<img src="http://127.0.0.1:9/a.png" onerror="globalThis.isTaken = true">',
      '![picture](http://127.0.0.1:9/b.png)',
      '[click](javascript:globalThis.isTaken=true) [good](https://example.org/)',
      '<iframe src="http://127.0.0.1:9/"></iframe>',
      `${'> '.repeat(500)}deep`,
      '| a | b |\n|---|--:|\n| **1** | `2 < 3` |',
      '```js\nalert(1)\n```',
    ].join('\n\n');
    // From another page of the same origin: the chat page would keep its own when it goes.
    await page.goto(`${gateway.url}/mark.svg`);
    await page.evaluate(
      (answer) => localStorage.setItem('skein-conversations', answer),
      JSON.stringify([
        {
          id: 'a',
          title: 'hostile',
          changedAtMs: 1,
          messages: [
            { role: 'user', text: 'hostile' },
            { role: 'assistant', text, model: 'tiny-tales', state: 'whole' },
          ],
        },
      ]),
    );
    await page.goto(`${gateway.url}/`);
    await page.getByRole('button', { name: 'hostile', exact: true }).click();
    const answer = page.locator('.answer .markdown');
    await answer.locator('table').waitFor();
    expect(await answer.locator('script, img, iframe').count()).toBe(0);
    expect(
      await answer
        .locator('a')
        .evaluateAll((links) => links.map((link) => link.getAttribute('href'))),
    ).toEqual(['http://127.0.0.1:9/b.png', 'https://example.org/']);
    expect(await answer.textContent()).toContain('<script>');
    expect(await page.evaluate(() => 'isTaken' in globalThis)).toBe(false);
    expect(foreign).toEqual([]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('leads to the page that shows the swarm, where the gateway has one', async () => {
    const page = await openPage();
    const { complaints } = watchPage(page);
    await page.getByRole('link', { name: 'The swarm that answers' }).click();
    await page.waitForURL(`${gateway.url}/dashboard/`);
    await page.getByRole('heading', { level: 1 }).getByText('All 8 blocks served').waitFor();
    expect(complaints).toEqual([]);
    await page.close();
    const without = await startGateway(swarm, ['--no-dashboard']);
    const other = await openPage(without.url);
    await other.locator('#model option[value="tiny-tales"]').waitFor({ state: 'attached' });
    await other.waitForLoadState('networkidle');
    expect(await other.getByRole('link', { name: 'The swarm that answers' }).count()).toBe(0);
    await other.close();
  });

  it.each(['light', 'dark'] as const)(
    'has nothing that axe-core objects to, %s',
    async (colorScheme) => {
      const page = await openPage(gateway.url, { colorScheme });
      await expectAccessible(page);
      await ask(page, 'A story.');
      await ended(page);
      await page.getByRole('button', { name: 'Settings' }).click();
      await expectAccessible(page);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Conversations' }).click();
      await expectAccessible(page);
      await page.close();
    },
  );
});

describe.skipIf(isSkipped)('a gateway with keys, before an incomplete swarm', () => {
  it('is asked with the key that the person enters, and says which blocks are missing', async () => {
    const partial = await startSwarm({ model: tinyTales, blocks: ['0:3'] });
    const { url } = await startGateway(partial, ['--api-key', 'fox-key-0001']);
    const page = await openPage(url);
    const dialog = page.getByRole('dialog', { name: 'This gateway wants a key' });
    await dialog.getByLabel('API key').fill('wrong-key');
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.getByText('does not know this key').waitFor();
    await expectAccessible(page);
    await dialog.getByLabel('API key').fill('fox-key-0001');
    await dialog.getByRole('button', { name: 'Go on' }).click();
    await dialog.waitFor({ state: 'detached' });
    await ask(page);
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toContain('Nobody hosts blocks 3–7 now.');
    await expectAccessible(page);
    await page.close();
  });
});
