import type { AddressInfo } from 'node:net'
import { fastify } from 'fastify'
import { createAdmission } from '../functions/admission.ts'
import { composeApp } from '../functions/compose-app.ts'
import { createFunctionHost } from '../functions/function-host.ts'
import { createLambdaSend } from '../functions/lambda-send.ts'
import { createServer } from '../functions/server.ts'

/**
 * A server of its own process: `ours` is the admission webhook as `serve` has it, over plain HTTP; `bare` is a route that
 * parses the same review and sends the same answer, which it is given with its first argument. Tells its port, then
 * answers every message with the CPU time it has used so far, in microseconds.
 */
async function main([kind, patch]: string[]): Promise<void> {
  const server = kind === 'ours' ? await createOurs() : createBare(patch ?? '')
  await server.listen({ host: '127.0.0.1', port: 0 })
  process.on('disconnect', () => process.exit())
  process.on('message', () => {
    const { user, system } = process.cpuUsage()
    process.send?.(user + system)
  })
  process.send?.((server.server.address() as AddressInfo).port)
}

async function createOurs() {
  const host = createFunctionHost({ createApp: composeApp, createSend: createLambdaSend })
  const { controllers } = await host.app()
  const parts = await host.webhookParts(['webhookToken'])
  const admission = createAdmission({
    ...parts,
    controllers: async () => controllers,
    invoker: () => host.invoker(),
  })
  return createServer({ ...parts, admission, audit: admission, ready: () => true })
}

function createBare(patch: string) {
  const server = fastify()
  server.post<{ Body: { request: { uid: string } } }>('/admission', async ({ body }) => ({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: body.request.uid, allowed: true, patchType: 'JSONPatch', patch },
  }))
  return server
}

await main(process.argv.slice(2))
