import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A browser without a window, told what to do over the DevTools protocol. */
export interface Browser {
  /** Sends one command to the page; @throws Error with the protocol's own message */
  send<T = unknown>(method: string, parameters?: object): Promise<T>
  on(method: string, listener: (parameters: unknown) => void): void
  close(): Promise<void>
}

interface Message {
  readonly id?: number
  readonly sessionId?: string
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
  readonly error?: { readonly message: string }
}

const FLAGS = [
  '--headless=new',
  '--remote-debugging-port=0',
  '--no-first-run',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--hide-scrollbars',
  // Root may not start it with one, and it sees nothing but pages of ours.
  '--no-sandbox',
]

/** Starts Chromium. @param program such as `chromium`; @throws Error where there is none */
export async function startBrowser(program: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const child = spawn(program, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const socket = await connect(await readAddress(child))
  const listeners = new Map<string, ((parameters: unknown) => void)[]>()
  const waiting = new Map<number, (message: Message) => void>()
  let [count, sessionId] = [0, '']
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id === undefined)
      for (const listener of listeners.get(message.method ?? '') ?? []) listener(message.params)
    else waiting.get(message.id)?.(message)
  })
  const send = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      const id = ++count
      waiting.set(id, ({ result, error }) => {
        waiting.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result as T)
      })
      socket.send(JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) }))
    })
  const { targetInfos } = await send<{ targetInfos: { targetId: string; type: string }[] }>(
    'Target.getTargets',
  )
  const targetId = targetInfos.find(({ type }) => type === 'page')?.targetId
  sessionId = (await send<{ sessionId: string }>('Target.attachToTarget', { targetId, flatten: true }))
    .sessionId
  return {
    send,
    on: (method, listener) => void listeners.set(method, [...(listeners.get(method) ?? []), listener]),
    async close() {
      const ended = new Promise(resolve => child.once('exit', resolve))
      socket.close()
      child.kill()
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** It says on standard error where it listens. */
function readAddress(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.once('error', reject)
    child.once('exit', code => reject(new Error(`the browser ended with ${code}:\n${said}`)))
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const [, url] = /listening on (ws:\S+)/.exec(said) ?? []
      if (url) resolve(url)
    })
  })
}

function connect(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.addEventListener('open', () => resolve(socket))
    socket.addEventListener('error', () => reject(new Error(`no answer at ${url}`)))
  })
}
