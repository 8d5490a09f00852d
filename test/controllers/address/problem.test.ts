import t from 'tap'
import { quote, toProblem } from '../../../shared/controllers/address/problem.ts'

const CODE = 'CCM_ADDRESS_TAKEN'

t.test('a message of 256 characters is said whole, a longer one is cut there and says so', async t => {
  const whole = 'x'.repeat(256)
  t.strictSame(toProblem(CODE, whole), { code: CODE, message: whole })
  t.strictSame(toProblem(CODE, `${whole}yz`), { code: CODE, message: `${'x'.repeat(255)}…` })
})

t.test('60 characters of what a user wrote are quoted whole, of more the first 59', async t => {
  const whole = 'x'.repeat(60)
  t.equal(quote(whole), `"${whole}"`)
  t.equal(quote(`${whole}yz`), `"${'x'.repeat(59)}…"`)
  t.equal(quote('a "b"\n'), String.raw`"a \"b\"\n"`, 'on one line')
})
