package app

import (
	"net/http"
	"path"
	"slices"
	"strings"
)

const (
	// policyPage is what every answer gets unless its handler says otherwise.
	policyPage = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	// policyFile is for an uploaded file: nothing in it may run or load. The
	// browser's own viewer styles it inline. It does not say sandbox, because
	// browsers show no PDF in a sandbox.
	policyFile = "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
	// policyPreview is for the page that shows such a file in a frame.
	policyPreview = policyPage + "; frame-src 'self'"
)

// carriesSecret reports whether the address of a page holds what lets somebody
// in: the bank's code, or a link that was mailed.
func carriesSecret(asked string) bool {
	asked = path.Clean("/" + asked) // //reset leads there, with what stands in it
	return slices.ContainsFunc([]string{consentPath, invitationPath, resetPath, recoveryPath, ssoBackPath}, func(page string) bool {
		below, found := strings.CutPrefix(asked, page)
		return found && (below == "" || below[0] == '/')
	})
}

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
		if carriesSecret(r.URL.Path) {
			// Such an address would go along with every
			// request for our style and scripts.
			h.Set("Referrer-Policy", "strict-origin")
		}
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
