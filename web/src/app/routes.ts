// Every place of the page. None of them may be the path of an API route.
import type { Routes } from '@angular/router';

import { ConvertPage } from './convert/convert-page';
import { signedIn } from './people/account';

export const routes: Routes = [
  {
    path: '',
    pathMatch: 'full',
    component: ConvertPage,
    canActivate: [signedIn],
    title: 'Convert – Lockgate',
  },
  {
    path: 'sign-in',
    title: 'Sign in – Lockgate',
    loadComponent: () => import('./people/sign-in').then((file) => file.SignIn),
  },
  {
    path: 'signed-in',
    title: 'Signing in – Lockgate',
    loadComponent: () => import('./people/signed-in').then((file) => file.SignedIn),
  },
  {
    path: 'invitation',
    title: 'Invitation – Lockgate',
    loadComponent: () => import('./people/invitation').then((file) => file.Invitation),
  },
  {
    path: 'account',
    canActivate: [signedIn],
    title: 'Account – Lockgate',
    loadComponent: () => import('./people/account-page').then((file) => file.AccountPage),
  },
  {
    path: 'users',
    canActivate: [signedIn],
    title: 'Users – Lockgate',
    loadComponent: () => import('./people/users-page').then((file) => file.UsersPage),
  },
  {
    path: 'flags',
    canActivate: [signedIn],
    canDeactivate: [(page: { mayLeave(): boolean }) => page.mayLeave()],
    title: 'Flags – Lockgate',
    loadComponent: () => import('./flags/flags-page').then((file) => file.FlagsPage),
  },
  {
    path: 'health',
    canActivate: [signedIn],
    title: 'Health – Lockgate',
    loadComponent: () => import('./health/health-page').then((file) => file.HealthPage),
  },
  {
    path: 'webhooks',
    canActivate: [signedIn],
    title: 'Webhooks – Lockgate',
    loadComponent: () => import('./webhooks/webhooks-page').then((file) => file.WebhooksPage),
  },
  {
    path: 'webhooks/:id',
    canActivate: [signedIn],
    title: 'What was told – Lockgate',
    loadComponent: () => import('./webhooks/log-page').then((file) => file.LogPage),
  },
  {
    path: 'sessions',
    canActivate: [signedIn],
    title: 'Sessions – Lockgate',
    loadComponent: () => import('./sessions/sessions-page').then((file) => file.SessionsPage),
  },
  {
    path: 'sessions/:id',
    canActivate: [signedIn],
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
