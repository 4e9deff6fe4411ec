// Every place of the page. None of them may be the path of an API route.
import type { Routes } from '@angular/router';

import { ConvertPage } from './convert/convert-page';

export const routes: Routes = [
  { path: '', pathMatch: 'full', component: ConvertPage, title: 'Convert – Lockgate' },
  {
    path: 'sessions',
    title: 'Sessions – Lockgate',
    loadComponent: () => import('./sessions/sessions-page').then((file) => file.SessionsPage),
  },
  {
    path: 'sessions/:id',
    loadComponent: () => import('./session/session-page').then((file) => file.SessionPage),
    children: [
      {
        path: '',
        pathMatch: 'full',
        loadComponent: () => import('./session/results/results').then((file) => file.Results),
      },
      {
        path: 'execution',
        loadComponent: () => import('./session/execution/execution').then((file) => file.ExecutionView),
      },
    ],
  },
  {
    path: '**',
    title: 'Not found – Lockgate',
    loadComponent: () => import('./not-found').then((file) => file.NotFound),
  },
];
