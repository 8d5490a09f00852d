import type { Clock } from '../../shared/clock.ts'
import { runRegister } from '../../shared/register/register.ts'

export const TOKEN = 'a-token-of-sixteen-characters'

export interface Outcome {
  readonly code: number
  readonly out: string
  readonly err: string
}

export async function register(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  clock?: Clock,
): Promise<Outcome> {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runRegister(argv, {
    out: line => void out.push(line),
    err: line => void err.push(line),
    sources: { env: { PNAP_WEBHOOK_TOKEN: TOKEN, ...env } },
    clock,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
