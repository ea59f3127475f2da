package app

import (
	"net/http"
	"strings"
)

const (
	policyBase = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'"
	// policyPage is what every answer gets unless its handler says otherwise.
	policyPage = policyBase + "; frame-ancestors 'none'"
	// policyEmbedding is for the page that shows one of our own files in a frame.
	policyEmbedding = policyPage + "; frame-src 'self'; object-src 'self'"
	// policyEmbedded is for such a file: nothing in it may run or load. It does
	// not say sandbox, because browsers show no PDF in a sandbox.
	policyEmbedded = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

// embedsFiles lets this page show our own files in frames.
func embedsFiles(w http.ResponseWriter) { w.Header().Set("Content-Security-Policy", policyEmbedding) }

// isEmbedded lets this file stand in a frame of our own pages, where it can
// neither run nor load anything.
func isEmbedded(w http.ResponseWriter) { w.Header().Set("Content-Security-Policy", policyEmbedded) }

// secureHeaders sets them before anything else can answer.
func (a *App) secureHeaders(next http.Handler) http.Handler {
	https := strings.EqualFold(a.origin.Scheme, "https")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policyPage)
		h.Set("X-Content-Type-Options", "nosniff")
		// Not no-referrer: that would make browsers send "Origin: null" with
		// our own forms.
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()")
		// Files under a content hash say otherwise themselves.
		h.Set("Cache-Control", "no-store")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		next.ServeHTTP(w, r)
	})
}
