import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'
import { forEachCluster } from '../support/cluster.ts'
import { fakeKubelet } from '../support/fake-kubelet.ts'
import { installRole } from '../support/install.ts'
import { type Served, startServed, WEBHOOK_TOKEN } from '../support/served.ts'
import { call, type HostileAnswer, say } from './_hostile.ts'
import { HOSTILE_CASES, LIMIT, METHOD, PREVIOUS, review } from './_hostile-cases.ts'
import { clearCluster, expectInitialised, until } from './_outage.ts'

t.setTimeout(120_000)

forEachCluster(t, 'hostile webhook requests', {}, async (t, cluster) => {
  const admin = await cluster.kube()
  await installRole(admin)
  await clearCluster(admin)
  const environment = {
    PNAP_WEBHOOK_TOKEN_PREVIOUS: PREVIOUS,
    PNAP_MAX_BODY_BYTES: String(LIMIT),
    // More come at once than would be taken on.
    PNAP_MAX_AUDIT_BATCHES: '1000',
  }
  const served = await startServed(t, cluster, { environment })
  const { id } = served.bmc.backend.addServer({ hostname: 'survivor' })
  await until(() => served.log().includes('"msg":"resync ended"'), 'the first pass is over')

  const snapshot = async (): Promise<string[]> => {
    const paths = [
      '/api/v1/nodes',
      '/api/v1/events',
      '/api/v1/configmaps',
      '/apis/coordination.k8s.io/v1/leases',
    ]
    const lists = paths.map(async path => {
      const { body } = await admin.request<{ items: Versioned[] }>({ path })
      // The API server renews Leases of its own.
      return body.items.flatMap(({ metadata: { name, resourceVersion } }) =>
        /^(kube-)?apiserver-/.test(name) ? [] : [`${path}/${name} ${resourceVersion}`],
      )
    })
    return (await Promise.all(lists)).flat()
  }
  const before = await snapshot()
  const isWell = async (): Promise<HostileAnswer> => call(served, { method: 'GET', path: '/healthz' })

  for (const { name, status, code, ...request } of HOSTILE_CASES) {
    t.test(name, async t => {
      const answer = await call(served, request)
      t.equal(answer.status, status)
      checkBody(t, answer, code)
      t.equal(answer.allow, code === METHOD.code ? 'POST' : undefined)
    })
  }

  t.test('connections that end in the middle', async t => {
    const head = `POST /admission HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${WEBHOOK_TOKEN}\r\n`
    for (const text of [
      '',
      'POST /adm',
      head,
      `${head}content-length: 1000\r\n\r\n${review().slice(0, 500)}`,
      `${head}transfer-encoding: chunked\r\n\r\nff\r\n{"kind"`,
    ]) {
      const socket = await say(served, text)
      socket.destroy()
      t.match(await isWell(), { status: 200, text: 'ok' })
    }
  })

  t.test('things that are no HTTP', async t => {
    for (const text of [
      'HELO example.com\r\n\r\n',
      'POST /admission HTTP/9.9\r\n\r\n',
      `POST /admission HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      `POST /admission HTTP/1.1\r\nhost: x\r\nbig: ${'x'.repeat(20_000)}\r\n\r\n`,
      '\0'.repeat(1000),
    ]) {
      const socket = await say(served, text)
      socket.resume()
      await once(socket, 'close')
      t.match(await isWell(), { status: 200, text: 'ok' })
    }
    const plain = connect(Number(new URL(served.url).port), '127.0.0.1')
    plain.on('error', () => {})
    plain.end('GET /healthz HTTP/1.1\r\n\r\n')
    plain.resume()
    await once(plain, 'close')
    t.match(await isWell(), { status: 200, text: 'ok' })
  })

  t.test('many at once', async t => {
    const all = HOSTILE_CASES.flatMap(request => Array.from({ length: 4 }, () => request))
    const answers = await Promise.all(all.map(request => call(served, request)))
    t.same(
      answers.map(({ status }) => status),
      all.map(({ status }) => status),
    )
  })

  t.test('after all of it the server is well, and nothing was written', async t => {
    t.match(await isWell(), { status: 200, text: 'ok' })
    t.match(await call(served, { method: 'GET', path: '/readyz' }), { status: 200, text: 'ok' })
    t.notOk(served.pending(), 'nothing waits to be written')
    t.same(await snapshot(), before)
    await fakeKubelet(admin, 'survivor')
    await expectInitialised(t, admin, 'survivor', id)
    checkLog(t, served)
  })
})

interface Versioned {
  readonly metadata: { readonly name: string; readonly resourceVersion: string }
}

type Assert = Pick<typeof t, 'match' | 'notMatch' | 'notOk' | 'same' | 'equal'>

/** An error in one form, which tells nothing of us; or a review that changes nothing. */
function checkBody(t: Assert, { text }: HostileAnswer, code: string | undefined): void {
  t.notMatch(text, /\.ts:\d|node_modules|webhook-token/, 'neither a stack nor a secret')
  const body = JSON.parse(text) as { response?: object; error?: object }
  if (code !== undefined) {
    t.match(body, { error: { code, message: /./, action: /./ } })
    t.same(Object.keys(body), ['error'])
  } else if (body.response) t.same(body.response, { uid: 'review-1', allowed: true })
  else t.match(body, { keys: 0 })
}

function checkLog(t: Assert, served: Served): void {
  for (const secret of [
    WEBHOOK_TOKEN,
    PREVIOUS,
    admissionPathSecret(WEBHOOK_TOKEN),
    admissionPathSecret(PREVIOUS),
  ])
    t.notOk(served.log().includes(secret), 'no secret is logged')
  t.notMatch(served.log(), /CCM_INTERNAL/, 'nothing was unforeseen')
}
