import { bootstrapApplication } from '@angular/platform-browser';
import { APP_BASE_HREF } from '@angular/common';
import { ErrorHandler } from '@angular/core';
import { provideRouter, withComponentInputBinding } from '@angular/router';

import { App } from './app/app';
import { Faults } from './app/faults';
import { routes } from './app/routes';

void bootstrapApplication(App, {
  providers: [
    provideRouter(routes, withComponentInputBinding()),
    // The policy forbids a base in the document.
    { provide: APP_BASE_HREF, useValue: '/' },
    { provide: ErrorHandler, useExisting: Faults },
  ],
});
