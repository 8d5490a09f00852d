import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Test } from 'tap'
import { createKube, type Kube } from '../../shared/kubernetes/client.ts'
import { loadKubeConfig } from '../../shared/kubernetes/credentials.ts'
import { UNINITIALIZED_TAINT } from '../../shared/kubernetes/names.ts'
import { createCertificates } from '../../shared/simulator/certificates.ts'
import type { ControlPlane } from '../support/control-plane.ts'

export interface Call {
  readonly path: string
  readonly authorization: string | undefined
  readonly body: unknown
}

interface AuditEvent {
  readonly level: string
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef: { readonly resource: string; readonly subresource?: string; readonly name: string }
  readonly requestObject?: unknown
}

/** A webhook that lets everything through and keeps what it was sent. */
export async function startWebhook(t: Test) {
  const calls: Call[] = []
  const certificates = await createCertificates({ hosts: ['127.0.0.1'] })
  const server = createServer({ cert: certificates.cert, key: certificates.key }, (request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', chunk => {
      text += chunk
    })
    request.on('end', () => {
      const body = JSON.parse(text) as { request?: { uid: string } }
      calls.push({ path: request.url ?? '', authorization: request.headers.authorization, body })
      server.emit('called')
      response.setHeader('content-type', 'application/json')
      const answer = { uid: body.request?.uid, allowed: true }
      const [apiVersion, kind] = ['admission.k8s.io/v1', 'AdmissionReview']
      response.end(JSON.stringify({ apiVersion, kind, response: answer }))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  async function waitFor<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find()
      if (found !== undefined) return found
      await once(server, 'called')
    }
  }
  return { calls, url, ca: certificates.ca, waitFor }
}

export const auditEvents = (calls: readonly Call[]): AuditEvent[] =>
  calls
    .filter(({ path }) => path.startsWith('/audit'))
    .flatMap(({ body }) => (body as { items: AuditEvent[] }).items)

export async function connect(t: Test, plane: ControlPlane, folder: string, user: string): Promise<Kube> {
  const path = join(folder, `${encodeURIComponent(user)}.kubeconfig`)
  await writeFile(path, plane.kubeconfig(user))
  const kube = createKube({ config: await loadKubeConfig({ kubeconfig: path }) })
  t.teardown(() => kube.close())
  return kube
}

/** As a kubelet with an external cloud provider registers it. */
export async function createNode(admin: Kube, name: string): Promise<void> {
  await admin.request({
    method: 'POST',
    path: '/api/v1/nodes',
    body: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name },
      spec: { taints: [{ key: UNINITIALIZED_TAINT, value: 'true', effect: 'NoSchedule' }] },
    },
  })
}
