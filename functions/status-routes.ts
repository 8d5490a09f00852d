import type { FastifyInstance, FastifyRequest } from 'fastify'
import { PAGE_PATHS } from '../shared/status/page/pages.ts'
import type { Connections } from './connections.ts'
import type { WebhookHead } from './http.ts'
import type { StatusPage } from './status-page.ts'
import { refuse, send } from './webhook-routes.ts'

/** The pages under their paths, for who shows the token. */
export function serveStatus(
  server: FastifyInstance,
  page: StatusPage,
  connections: Connections,
  isPressed: () => boolean,
): void {
  server.register((scope, _options, done) => {
    // A body is nobody's business here, and is not read.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _stream, parsed) => parsed(null))
    scope.addHook('onRequest', async (request, reply) => {
      const refusal = page.check(toHead(request))
      if (refusal) return refuse(reply, refusal)
      connections.trust(request.raw.socket)
      return undefined
    })
    for (const path of PAGE_PATHS)
      scope.all(path, async (request, reply) => send(reply, await page.answer(toHead(request), isPressed())))
    done()
  })
}

function toHead(request: FastifyRequest): WebhookHead {
  const [path = ''] = request.url.split('?', 1)
  return {
    method: request.method,
    path,
    query: Object.fromEntries(new URLSearchParams(request.url.slice(path.length + 1))),
    headers: request.headers as WebhookHead['headers'],
  }
}
