import { hash, timingSafeEqual } from 'node:crypto'
import { type FastifyInstance, fastify } from 'fastify'
import { createLog } from '../shared/log.ts'
import { listenMeasured } from './measured-server.ts'
import { TOKEN } from './stage.ts'

interface Bodies {
  readonly review: { readonly request: { readonly uid: string; readonly name: string } }
  readonly batch: { readonly items: readonly unknown[] }
}

/** Far above what is sent here. */
const BODY_LIMIT = 16_777_216

/**
 * What a webhook costs that decides nothing, in a process of its own: routes that parse the same review and the same
 * batch. A review is answered with the patch of the second argument. With `duties` for its first one it does besides what nobody
 * may leave out: it compares a token in constant time, encodes the patch, and writes a line of log. Tells its port, then answers every
 * message with the CPU time that it has used so far, in microseconds.
 */
async function main([kind, patch = '']: string[]): Promise<void> {
  const server = fastify({ bodyLimit: BODY_LIMIT })
  if (kind === 'duties') await serveDuties(server, patch)
  else serveReviews(server, () => patch)
  server.post<{ Body: Bodies['batch'] }>('/audit', async ({ body }) => ({ events: body.items.length }))
  await listenMeasured(server)
}

function serveReviews(
  server: FastifyInstance,
  toPatch: (request: Bodies['review']['request']) => string,
): void {
  server.post<{ Body: Bodies['review'] }>('/admission', async ({ body: { request } }) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: toPatch(request) },
  }))
}

async function serveDuties(server: FastifyInstance, patch: string): Promise<void> {
  const log = await createLog({ level: 'info' })
  const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as readonly object[]
  const token = digest(`Bearer ${TOKEN}`)
  server.addHook('onRequest', (request, reply, done) => {
    if (timingSafeEqual(digest(request.headers.authorization ?? ''), token)) done()
    else reply.code(401).send()
  })
  serveReviews(server, ({ uid, name }) => {
    log.info({ node: name, uid, operations: operations.length, durationMs: 0 }, 'node reviewed')
    return Buffer.from(JSON.stringify(operations)).toString('base64')
  })
}

const digest = (text: string): Buffer => hash('sha256', text, 'buffer')

await main(process.argv.slice(2))
