// The machine as a picture, the way that was gone lit, each state something to choose.
import { Component, computed, input, model } from '@angular/core';

import type { Step } from '../../api/answers';
import { graphOf, NODE } from './graph';
import { walked } from './story';

export const STATUSES: Record<Step['status'], { word: string; tone: string }> = {
  running: { word: 'running', tone: 'run' },
  succeeded: { word: 'succeeded', tone: 'ok' },
  caught: { word: 'failed, caught', tone: 'warn' },
  failed: { word: 'failed', tone: 'bad' },
  stopped: { word: 'stopped', tone: 'warn' },
};

@Component({
  selector: 'lg-state-graph',
  host: { class: 'graph', tabindex: '0', role: 'region', 'aria-label': 'State graph' },
  template: `
    @if (graph(); as drawing) {
      <svg
        [attr.viewBox]="'0 0 ' + drawing.width + ' ' + drawing.height"
        [attr.width]="drawing.width"
        [attr.height]="drawing.height"
      >
        <defs>
          <marker
            id="tip"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" />
          </marker>
          <marker
            id="tip-lit"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto-start-reverse"
          >
            <path d="M0 0 8 4 0 8z" />
          </marker>
        </defs>
        @for (edge of drawing.edges; track $index) {
          @let lit = ways().has(edge.from + '→' + edge.to);
          <path
            class="edge"
            [class.catch]="edge.isCatch"
            [class.lit]="lit"
            [attr.d]="edge.path"
            [attr.marker-end]="lit ? 'url(#tip-lit)' : 'url(#tip)'"
          />
        }
        @for (node of drawing.nodes; track node.name) {
          @let step = last().get(node.name);
          <g
            role="button"
            tabindex="0"
            class="node"
            [class]="step ? statuses[step.status].tone : 'idle'"
            [class.chosen]="chosen() === node.name"
            [attr.aria-pressed]="chosen() === node.name"
            [attr.aria-label]="node.name + ', ' + (step ? statuses[step.status].word : 'not entered')"
            [attr.transform]="
              'translate(' + (node.x - size.width / 2) + ' ' + (node.y - size.height / 2) + ')'
            "
            (click)="toggle(node.name)"
            (keydown.enter)="toggle(node.name)"
            (keydown.space)="toggle(node.name); $event.preventDefault()"
          >
            <rect [attr.width]="size.width" [attr.height]="size.height" rx="8" />
            <text x="12" y="17" class="node-name">{{ node.name }}</text>
            <text x="12" y="32" class="node-type">
              {{ node.type }}{{ step ? ' · ' + statuses[step.status].word : ''
              }}{{ step?.failures ? ' ×' + step!.failures : '' }}
            </text>
          </g>
        }
      </svg>
    } @else {
      <p class="muted">The document of this execution has no states that could be drawn.</p>
    }
  `,
})
export class StateGraph {
  readonly definition = input.required<unknown>();
  readonly steps = input.required<readonly Step[]>();
  readonly chosen = model<string | undefined>(undefined);

  protected readonly size = NODE;
  protected readonly statuses = STATUSES;
  protected readonly graph = computed(() => graphOf(this.definition()), {
    equal: (a, b) => JSON.stringify(a) === JSON.stringify(b),
  });
  protected readonly ways = computed(() => walked(this.steps()));
  /** The latest time that each state was entered. */
  protected readonly last = computed(() => new Map(this.steps().map((step) => [step.name, step])));

  protected toggle(name: string): void {
    this.chosen.set(this.chosen() === name ? undefined : name);
  }
}
