package app

import (
	"net/http"

	"portal/web/templates"
	"portal/web/templates/ui"
)

// showKit shows every piece of the kit; it exists in development only.
func (a *App) showKit(w http.ResponseWriter, r *http.Request, _ user) error {
	ctx := r.Context()
	return a.respond(w, r, http.StatusOK, templates.Kit(templates.KitView{
		Shell: ui.Shell{Home: "/kit", Environment: a.environment(ctx), Languages: languages(ctx, "/kit"), AsOf: a.Clock()},
		Now:   a.Clock(),
	}))
}
