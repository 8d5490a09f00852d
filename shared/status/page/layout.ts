import { toCount, toMoment, toSpan } from '../words.ts'
import type { Page, PageModel } from './contract.ts'
import { type Html, html } from './html.ts'
import { STYLE } from './style.ts'

/** The whole document around the content of one page. */
export function toDocument(pages: readonly Page[], page: Page, model: PageModel, content: Html): string {
  const { status, trouble, ageMs } = model
  const links = pages.map(({ path, title }) => {
    const current = path === page.path ? html` aria-current="page"` : undefined
    return html`<li><a href="${path}"${current}>${title}</a></li>`
  })
  const cluster = status.cluster === undefined ? 'cluster not known' : `cluster ${status.cluster}`
  return html`${toHead(`${toTitle(model)} ${page.title}`)}
<body><a class="skip" href="#content">Skip to the content</a>
<header><h1>cloud-provider-phoenixnap <span class="soft">${cluster}</span></h1>
<nav aria-label="Pages of the status"><ul>${links}</ul></nav></header>
<main id="content">${trouble ? toTrouble(trouble) : undefined}${content}</main>
<footer><p>Seen <time datetime="${new Date(status.at).toISOString()}">${toMoment(status.at)}</time>, ${toSpan(ageMs)} ago.
<a href="${page.path}">Look again</a>. Nothing can be changed here. Version ${status.version}.</p></footer></body></html>
`.html
}

const toHead = (title: string): Html =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex"><title>${title} · cloud-provider-phoenixnap</title>
<style>${{ html: STYLE }}</style></head>`

type Trouble = NonNullable<PageModel['trouble']>

/** What is shown while nothing is known yet. */
export const toTroubleDocument = (path: string, trouble: Trouble): string =>
  html`${toHead('Nothing to show')}
<body><header><h1>cloud-provider-phoenixnap</h1></header>
<main>${toTrouble(trouble, 'Nothing has been seen yet.')}<p><a href="${path}">Look again</a></p></main></body></html>
`.html

/** Tabs beside each other are told apart by it. */
function toTitle({ status: { verdict, reasons } }: PageModel): string {
  switch (verdict) {
    case 'well':
      return 'Well:'
    case 'attention':
      return `${toCount(reasons.length, 'matter')}:`
    case 'unknown':
      return 'Unknown:'
  }
}

const toTrouble = ({ code, message, action }: Trouble, then = 'What follows is older.'): Html =>
  html`<section class="verdict unknown" aria-labelledby="trouble"><h2 id="trouble">The last look failed</h2>
<p><code>${code}</code> ${message}. ${action}</p><p>${then}</p></section>`
