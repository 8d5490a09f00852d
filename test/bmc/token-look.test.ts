import t from 'tap'
import { scripted } from './scripted.ts'

const toJwt = (claims: object): string =>
  ['{"alg":"none"}', JSON.stringify(claims)].map(part => Buffer.from(part).toString('base64url')).join('.') +
  '.x'

const CASES: Readonly<Record<string, { body: object; scopes: readonly string[] | undefined }>> = {
  'of the answer': { body: { access_token: 'opaque', scope: 'bmc  tags' }, scopes: ['bmc', 'tags'] },
  'of a token that is a JWT': { body: { access_token: toJwt({ scope: 'bmc.read' }) }, scopes: ['bmc.read'] },
  'of nothing': { body: { access_token: toJwt({ sub: 'x' }), scope: '' }, scopes: undefined },
  'of a token that only looks like one': { body: { access_token: 'a.b.c' }, scopes: undefined },
}

for (const [what, { body, scopes }] of Object.entries(CASES)) {
  t.test(`scopes are those ${what}`, async t => {
    const { bmc } = scripted({ token: [{ body: { ...body, expires_in: 60 } }] })
    const facts = await bmc.lookAtToken()
    t.strictSame(facts.scopes, scopes)
    t.equal(facts.lifeMs, 60_000)
    t.notOk('value' in facts, 'the token itself is not told')
  })
}
