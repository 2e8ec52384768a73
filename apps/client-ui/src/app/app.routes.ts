import type { Routes } from '@angular/router';

/** The pages of the console. Where one stands within a page is in the query, so that links and the back button work. */
export const routes: Routes = [
  { path: '', pathMatch: 'full', redirectTo: 'files' },
  {
    path: 'files',
    title: $localize`Files · DFS`,
    loadComponent: () => import('./files/files-page.js').then((m) => m.FilesPage),
  },
  {
    path: 'folders',
    title: $localize`Live folders · DFS`,
    loadComponent: () => import('./folders/folders-page.js').then((m) => m.FoldersPage),
  },
  {
    path: 'peers',
    title: $localize`Peers · DFS`,
    loadComponent: () => import('./peers/peers-page.js').then((m) => m.PeersPage),
  },
  {
    path: 'work',
    title: $localize`Work · DFS`,
    loadComponent: () => import('./work/work-page.js').then((m) => m.WorkPage),
  },
  {
    path: 'activity',
    title: $localize`Activity · DFS`,
    loadComponent: () => import('./activity/activity-page.js').then((m) => m.ActivityPage),
  },
  {
    path: 'settings',
    title: $localize`Settings · DFS`,
    loadComponent: () => import('./settings/settings-page.js').then((m) => m.SettingsPage),
  },
  { path: '**', redirectTo: 'files' },
];
