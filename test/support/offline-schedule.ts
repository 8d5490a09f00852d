import { createRequire } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/**
 * Loaded into serverless-offline before anything else: jobs of its schedule run when the process gets SIGUSR2, so that
 * a test need not wait for a minute to pass. Everything between the schedule and the function is the real thing.
 */

interface NodeSchedule {
  scheduleJob(cron: string, job: () => unknown): unknown
}

function replaceSchedule(): void {
  const fromOffline = createRequire(createRequire(import.meta.url).resolve('serverless-offline'))
  const schedule = fromOffline('node-schedule') as NodeSchedule
  const jobs: (() => unknown)[] = []
  schedule.scheduleJob = (_cron, job) => jobs.push(job)
  process.on('SIGUSR2', () => {
    for (const job of jobs) void job()
  })
}

if (isMainThread) replaceSchedule()
