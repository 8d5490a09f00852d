import t from 'tap'
import { createAuthenticate } from '../../functions/auth.ts'
import type { WebhookHead } from '../../functions/http.ts'
import { admissionPathSecret } from '../../shared/webhook-secret.ts'

const TOKEN = 'current-webhook-token'
/** What `openssl dgst -sha256 -hmac` makes of the text `admission` under that token. */
const SECRET = '029e87e1f0ca7674e88549ea0424fac594c6ab5bb49254eafa4461e014d6c648'

const head = (path: string, authorization?: string): WebhookHead => ({
  method: 'POST',
  path,
  query: {},
  headers: { authorization },
})

t.test('the path secret is a code of the token, good for admission only', async t => {
  t.equal(admissionPathSecret(TOKEN), SECRET)
  const authenticate = createAuthenticate({ tokens: () => [TOKEN] })
  t.equal(authenticate(head(`/admission/${SECRET}`), 'admission'), true)
  t.equal(authenticate(head(`/admission/${SECRET}`), 'audit'), false)
  t.equal(authenticate(head(`/admission/${SECRET.toUpperCase()}`), 'admission'), false)
})

t.test('empty tokens let nobody in', async t => {
  const authenticate = createAuthenticate({ tokens: () => ['', ''] })
  for (const given of [undefined, '', 'Bearer', 'Bearer ', 'Bearer x']) {
    t.equal(authenticate(head('/admission', given), 'admission'), false)
  }
  t.equal(authenticate(head(`/admission/${admissionPathSecret('')}`), 'admission'), false)
})
