import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createServer } from '../../functions/server.ts'
import { lookAtStatus } from '../../functions/status-look.ts'
import { createStatusPage } from '../../functions/status-page.ts'
import { systemClock } from '../../shared/clock.ts'
import { silentLog } from '../../shared/log.ts'
import type { Status } from '../../shared/status/contract.ts'
import { createDecisions } from '../../shared/status/decisions.ts'
import { PAGE_PATHS } from '../../shared/status/page/pages.ts'
import { findFaults, type Look, signIn } from './_browser-checks.ts'
import { type Browser, startBrowser } from './_chromium.ts'
import { toMany } from './_many.ts'
import { startStage } from './_stage.ts'

/**
 * Looks at the status page in a real Chromium: npm run test:browser [FOLDER FOR SCREENSHOTS]. By hand, as CI has no
 * browser: what the pages say is tested without one. CHROMIUM names another program than `chromium`.
 */

const TOKEN = 'status-token-of-a-browser'
const LOOKS: readonly Look[] = [
  { name: 'light', width: 1280, dark: false },
  { name: 'dark', width: 1280, dark: true },
  { name: 'narrow', width: 360, dark: false },
  { name: 'narrow-dark', width: 360, dark: true },
]
const SIZES = [
  { nodes: 3, services: 9, blocks: ['/28', '/29'], shown: 3 },
  { nodes: 300, services: 100, blocks: ['/28', '/28', '/28', '/28', '/28', '/28', '/28'], shown: 300 },
  // The simulators would take minutes to hold them.
  { nodes: 300, services: 100, blocks: ['/22', '/28', '/28'], shown: 10_000 },
] as const

async function main([folder = 'status-screenshots']: readonly string[]): Promise<number> {
  await mkdir(folder, { recursive: true })
  const browser = await startBrowser(process.env['CHROMIUM'] ?? 'chromium')
  let faults = 0
  try {
    for (const { shown, ...size } of SIZES) {
      const status = await seeStatus(size, shown)
      faults += await serveAndLook(browser, status, join(folder, String(shown)))
    }
  } finally {
    await browser.close()
  }
  process.stdout.write(`${faults} faults; screenshots in ${folder}\n`)
  return faults > 0 ? 1 : 0
}

async function seeStatus(size: Parameters<typeof startStage>[0], shown: number): Promise<Status> {
  const stage = await startStage({ ...size, troubles: true })
  try {
    const status = await lookAtStatus(stage.app, { deadline: Date.now() + 60_000 })
    return shown > 1000 ? toMany(status, shown, 5000) : status
  } finally {
    await stage.close()
  }
}

async function serveAndLook(browser: Browser, status: Status, prefix: string): Promise<number> {
  const decisions = createDecisions()
  for (const { name, why, code } of status.nodes.rows.slice(0, 300))
    decisions.note(
      JSON.stringify({
        level: 'info',
        time: new Date().toISOString(),
        msg: 'node looked at',
        node: name,
        why,
        code,
      }),
    )
  const page = createStatusPage({
    look: async () => status,
    decisions,
    clock: systemClock,
    log: silentLog,
    token: () => TOKEN,
  })
  const nothing = {
    check: async () => undefined,
    answer: async () => ({ status: 404, headers: {}, body: '' }),
  }
  const server = createServer({
    admission: nothing,
    audit: nothing,
    ready: () => true,
    clock: systemClock,
    maxBodyBytes: 65_536,
    status: { page, isPressed: () => false },
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  try {
    await signIn(browser, TOKEN)
    return await lookAtAll(browser, url, prefix)
  } finally {
    await server.close()
  }
}

async function lookAtAll(browser: Browser, url: string, prefix: string): Promise<number> {
  let count = 0
  for (const look of LOOKS)
    for (const path of [...PAGE_PATHS, '/status/nodes?state=waiting&q=joining&page=2']) {
      const { faults, screenshot } = await findFaults(browser, `${url}${path}`, look)
      const name = path.replace('/status', '').replaceAll(/\W+/g, '-') || '-overview'
      await writeFile(`${prefix}${name}-${look.name}.png`, screenshot, 'base64')
      for (const fault of faults) process.stdout.write(`${prefix}${name} ${look.name}: ${fault}\n`)
      count += faults.length
    }
  return count
}

process.exitCode = await main(process.argv.slice(2))
