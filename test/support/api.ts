import type { IncomingMessage } from 'node:http'
import * as http from 'node:http'
import * as https from 'node:https'
import { parse } from 'yaml'

/** Bodies of requests by how they are sent. */
export type PatchKind = 'json' | 'merge' | 'strategic' | 'apply'

export interface ApiCall {
  readonly method: string
  /** With its query, if any. */
  readonly path: string
  readonly body?: unknown
  readonly patch?: PatchKind | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** Whatever the API server says, refusals included. */
export interface ApiAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Parsed JSON; the text itself when it is none. */
  readonly body: ApiBody
}

/** Fields of answers that tests read; the rest is compared as a whole. */
export interface ApiBody {
  readonly [field: string]: unknown
  readonly metadata?: {
    readonly [field: string]: unknown
    readonly name?: string
    readonly uid?: string
    readonly resourceVersion?: string
    readonly continue?: string
  }
  readonly items?: readonly ApiBody[]
}

/** Answers as a plain HTTP client sees them: the client under test would map and repeat. */
export interface Api {
  call(call: ApiCall): Promise<ApiAnswer>
  /** Lines of a watch, parsed, as they come; ends when the server or the signal ends it. */
  watch(path: string, signal: AbortSignal): AsyncGenerator
  close(): void
}

interface Target {
  readonly server: string
  readonly ca: string | undefined
  readonly token: string | undefined
}

const CONTENT_TYPES = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** @param kubeconfig YAML with a token, or with no credentials at all */
export function createApi(kubeconfig: string): Api {
  const target = readTarget(kubeconfig)
  const protocol = target.server.startsWith('https:') ? https : http
  const agent = new protocol.Agent({ keepAlive: true, ...(target.ca ? { ca: target.ca } : {}) })

  function send(call: ApiCall, signal?: AbortSignal): Promise<IncomingMessage> {
    const body = call.body === undefined ? undefined : toText(call.body)
    const headers = {
      accept: 'application/json',
      ...(target.token ? { authorization: `Bearer ${target.token}` } : {}),
      ...(body === undefined ? {} : toBodyHeaders(body, call.patch)),
      ...call.headers,
    }
    return new Promise((resolve, reject) => {
      const options = { method: call.method, agent, headers, ...(signal ? { signal } : {}) }
      const request = protocol.request(target.server + call.path, options, resolve)
      request.on('error', reject)
      request.end(body)
    })
  }

  return {
    call: async call => {
      const response = await send(call)
      return {
        status: response.statusCode ?? 0,
        headers: response.headers,
        body: parseBody(await readAll(response)),
      }
    },
    watch: async function* (path, signal) {
      const response = await send({ method: 'GET', path }, signal)
      try {
        yield* readLines(response)
      } catch (error) {
        if (!signal.aborted) throw error
      }
    },
    close: () => agent.destroy(),
  }
}

function readTarget(kubeconfig: string): Target {
  const config = parse(kubeconfig) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data'?: string } }]
    users: [{ user: { token?: string } }]
  }
  const { server, 'certificate-authority-data': data } = config.clusters[0].cluster
  return {
    server,
    ca: data && Buffer.from(data, 'base64').toString(),
    token: config.users[0].user.token,
  }
}

/** A text is sent as it is: for bodies that are broken on purpose. */
const toText = (body: unknown): string => (typeof body === 'string' ? body : JSON.stringify(body))

/** With the length: for a DELETE, Node would send the body without saying where it ends. */
const toBodyHeaders = (body: string, patch: PatchKind | undefined): Record<string, string> => ({
  'content-type': patch ? CONTENT_TYPES[patch] : 'application/json',
  'content-length': String(Buffer.byteLength(body)),
})

async function readAll(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response.setEncoding('utf8')) text += String(chunk)
  return text
}

function parseBody(text: string): ApiBody {
  try {
    return JSON.parse(text) as ApiBody
  } catch {
    return { text }
  }
}

async function* readLines(response: IncomingMessage): AsyncGenerator {
  let rest = ''
  for await (const chunk of response.setEncoding('utf8')) {
    const lines = (rest + String(chunk)).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line) yield JSON.parse(line)
  }
}
