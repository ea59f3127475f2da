package browsertest

import (
	"context"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// offline is what takes a page's network away. What is on the machine's own disk
// can still be read.
type offline struct {
	Offline            bool `json:"offline"`
	Latency            int  `json:"latency"`
	DownloadThroughput int  `json:"downloadThroughput"`
	UploadThroughput   int  `json:"uploadThroughput"`
}

var emulateNetworkConditions = cdp.Command[offline, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// Unplug takes the network away from the page, for good.
func (p *Page) Unplug() {
	p.t.Helper()
	p.step("take the network away", func(ctx context.Context) error {
		_, err := chromedp.Call(ctx, emulateNetworkConditions, offline{Offline: true, DownloadThroughput: -1, UploadThroughput: -1})
		return err
	})
}
