package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Stand puts the browser at a place that its person lets pages know.
func (p *Page) Stand(lat, lon float64) {
	p.t.Helper()
	p.step("stand somewhere", func(ctx context.Context) error {
		if err := p.permit(ctx, browser.PermissionSettingGranted); err != nil {
			return err
		}
		_, err := chromedp.Call(ctx, emulation.SetGeolocationOverride, emulation.SetGeolocationOverrideParams{
			Latitude: &lat, Longitude: &lon, Accuracy: new(10.0),
		})
		return err
	})
}

// Hide lets no page know where the browser is.
func (p *Page) Hide() {
	p.t.Helper()
	p.step("hide the position", func(ctx context.Context) error { return p.permit(ctx, browser.PermissionSettingDenied) })
}

func (p *Page) permit(ctx context.Context, setting browser.PermissionSetting) error {
	_, err := chromedp.CallBrowser(ctx, browser.SetPermission, browser.SetPermissionParams{
		Permission: &browser.PermissionDescriptor{Name: "geolocation"}, Setting: setting, BrowserContextID: chromedp.FromContext(ctx).BrowserContextID,
	})
	return err
}
