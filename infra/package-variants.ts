import { spawn } from 'node:child_process'
import { join, resolve } from 'node:path'

/** Every option of the deployment at once, with values that nobody has. */
export const EVERY_OPTION: Readonly<Record<string, string>> = {
  DEPLOY_SUBNET_IDS: 'subnet-0123456789abcdef0,subnet-0123456789abcdef1',
  DEPLOY_SECURITY_GROUP_IDS: 'sg-0123456789abcdef0',
  DEPLOY_RESERVED_CONCURRENCY: '20',
  DEPLOY_LOG_RETENTION_DAYS: '90',
  DEPLOY_STALE_RESYNC_MINUTES: '10',
  DEPLOY_ALARM_TOPIC_ARN: 'arn:aws:sns:us-east-1:123456789012:alarms',
  DEPLOY_KMS_KEY_ARNS: 'arn:aws:kms:us-east-1:123456789012:key/01234567-89ab-cdef-0123-456789abcdef',
  PNAP_CLOUD_CONFIG: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:cloud-provider-phoenixnap-AbCdEf',
  PNAP_WEBHOOK_TOKEN_FILE:
    'arn:aws:ssm:us-east-1:123456789012:parameter/cloud-provider-phoenixnap/webhook-token',
}

const ROOT = resolve(import.meta.dirname, '..')

/** Packages the built functions with every option into `.build/every-option`, for cfn-lint. @returns exit code */
async function packageEveryOption(): Promise<number> {
  const serverless = join(ROOT, 'node_modules/serverless/bin/serverless.js')
  const args = [serverless, 'package', '--package', join(ROOT, '.build/every-option')]
  const env = { ...process.env, ...EVERY_OPTION }
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'inherit' })
  return new Promise((settle, reject) => {
    child.on('error', reject).on('close', code => settle(code ?? 1))
  })
}

if (import.meta.main) process.exitCode = await packageEveryOption()
