import type { App, AppOptions } from '../shared/compose.ts'

/** Everything heavy hangs on this module, so it is imported with the first request that needs it. */
export async function composeApp(options: AppOptions): Promise<App> {
  const { createApp } = await import('../shared/compose.ts')
  return createApp(options)
}
