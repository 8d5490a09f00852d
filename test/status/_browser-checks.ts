import type { Browser } from './_chromium.ts'

/** How a page is looked at. */
export interface Look {
  readonly name: string
  /** Pixels. */
  readonly width: number
  readonly dark: boolean
}

interface Seen {
  /** What is wrong, for people. */
  readonly faults: readonly string[]
  /** A picture of the page, PNG in base64. */
  readonly screenshot: string
}

/** A page longer than this is cut in the picture. */
const MAX_HEIGHT = 3000
/** Of WCAG 2.2, level AA, for text of any size. */
const LEAST_CONTRAST = 4.5
const MAX_TABS = 500

/** Answers what a browser asks a person when the server demands a password; until then nothing is sent. */
export async function signIn(browser: Browser, password: string): Promise<void> {
  await browser.send('Page.enable')
  await browser.send('Log.enable')
  await browser.send('Accessibility.enable')
  await browser.send('Fetch.enable', { handleAuthRequests: true })
  const answer = (method: string, requestId: unknown, more: object = {}): void =>
    void browser.send(method, { requestId, ...more }).catch(() => {})
  browser.on('Fetch.requestPaused', parameters =>
    answer('Fetch.continueRequest', (parameters as { requestId: string }).requestId),
  )
  browser.on('Fetch.authRequired', parameters =>
    answer('Fetch.continueWithAuth', (parameters as { requestId: string }).requestId, {
      authChallengeResponse: { response: 'ProvideCredentials', username: 'somebody', password },
    }),
  )
}

/** Opens a page and looks for what people could not read, reach or understand. */
export async function findFaults(browser: Browser, url: string, { width, dark }: Look): Promise<Seen> {
  const logged: string[] = []
  browser.on('Log.entryAdded', parameters => {
    const { entry } = parameters as { entry: { text: string } }
    logged.push(entry.text)
  })
  await browser.send('Emulation.setDeviceMetricsOverride', {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: false,
  })
  const features = [{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]
  await browser.send('Emulation.setEmulatedMedia', { features })
  await open(browser, url)
  const seen = await evaluate<{
    overflow: number
    title: string
    lang: string
    dim: string[]
    height: number
  }>(browser, MEASURE)
  const faults = [
    ...(seen.overflow > 0 ? [`is ${seen.overflow} pixels wider than the window`] : []),
    ...(seen.title === '' || seen.lang === '' ? ['has no title or language'] : []),
    ...seen.dim.map(text => `too little contrast: ${text}`),
    ...logged.map(text => `the browser says: ${text}`),
    ...(await findNameless(browser)),
    ...(await findUnreachable(browser)),
  ]
  const height = Math.min(seen.height, MAX_HEIGHT)
  const { data } = await browser.send<{ data: string }>('Page.captureScreenshot', {
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height, scale: 1 },
  })
  return { faults, screenshot: data }
}

async function open(browser: Browser, url: string): Promise<void> {
  const loaded = new Promise<void>(resolve => browser.on('Page.loadEventFired', () => resolve()))
  const { errorText } = await browser.send<{ errorText?: string }>('Page.navigate', { url })
  if (errorText) throw new Error(`${url}: ${errorText}`)
  await loaded
}

async function evaluate<T>(browser: Browser, expression: string): Promise<T> {
  const { result, exceptionDetails } = await browser.send<{
    result: { value: T }
    exceptionDetails?: { text: string }
  }>('Runtime.evaluate', { expression, returnByValue: true })
  if (exceptionDetails) throw new Error(exceptionDetails.text)
  return result.value
}

/** Runs in the page, from outside: the page itself has no script. */
const MEASURE = `(() => {
  const parse = text => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255).map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0)
  const behind = element => {
    for (let one = element; one; one = one.parentElement) {
      const [r, g, b, a = 1] = parse(getComputedStyle(one).backgroundColor)
      if (a > 0) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const dim = new Set()
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].filter(node => node.nodeType === 3).map(node => node.data.trim()).join('')
    const style = getComputedStyle(element)
    if (!text || style.visibility === 'hidden' || element.tagName === 'title') continue
    const inMap = element.tagName === 'text'
    const ground = inMap ? parse(getComputedStyle(element.parentElement.querySelector('rect')).fill) : behind(element)
    const [x, y] = [light(parse(inMap ? style.fill : style.color)), light(ground)]
    const contrast = (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05)
    if (contrast < ${LEAST_CONTRAST}) dim.add(element.tagName + '.' + element.className + ' ' + contrast.toFixed(2) + ' ' + text.slice(0, 30))
  }
  const root = document.documentElement
  return { overflow: root.scrollWidth - root.clientWidth, title: document.title, lang: root.lang, dim: [...dim].slice(0, 5), height: root.scrollHeight }
})()`

interface AxNode {
  readonly ignored: boolean
  readonly role?: { readonly value: string }
  readonly name?: { readonly value: string }
}

const NAMED = new Set([
  'link',
  'button',
  'textbox',
  'searchbox',
  'combobox',
  'image',
  'img',
  'navigation',
  'search',
])

/** What a screen reader would come upon without a name. */
async function findNameless(browser: Browser): Promise<readonly string[]> {
  const { nodes } = await browser.send<{ nodes: AxNode[] }>('Accessibility.getFullAXTree')
  const found = nodes.filter(
    ({ ignored, role, name }) => !ignored && NAMED.has(role?.value ?? '') && !name?.value.trim(),
  )
  const roles = new Set(nodes.map(({ role }) => role?.value))
  return [
    ...found.map(({ role }) => `a ${role?.value} without a name`),
    ...['banner', 'navigation', 'main', 'contentinfo', 'heading']
      .filter(role => !roles.has(role))
      .map(role => `no ${role}`),
  ]
}

/** Whether the Tab key leads to everything that can be used, first to the way round the navigation. */
async function findUnreachable(browser: Browser): Promise<readonly string[]> {
  const usable = await evaluate<number>(
    browser,
    `document.querySelectorAll('a[href],button,input,select,summary').length`,
  )
  const reached: string[] = []
  const wanted = Math.min(usable, MAX_TABS)
  await evaluate(browser, 'globalThis.__reached = new Set()')
  for (let step = 0; step < wanted; step++) {
    await browser.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Tab',
      code: 'Tab',
      windowsVirtualKeyCode: 9,
    })
    await browser.send('Input.dispatchKeyEvent', {
      type: 'keyUp',
      key: 'Tab',
      code: 'Tab',
      windowsVirtualKeyCode: 9,
    })
    reached.push(
      await evaluate<string>(
        browser,
        '(globalThis.__reached.add(document.activeElement), document.activeElement.textContent)',
      ),
    )
  }
  const count = await evaluate<number>(browser, 'globalThis.__reached.size')
  return [
    ...(reached[0] === 'Skip to the content' ? [] : [`the Tab key leads to “${reached[0]}” first`]),
    ...(count < wanted ? [`${count} of ${wanted} can be reached by the Tab key`] : []),
  ]
}
