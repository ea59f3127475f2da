package app

import (
	"net/http"

	"portal/web/templates"
	"portal/web/text"
)

// goKeys are the letters after g that lead to an area, by where they are on
// the keyboard whatever its layout says.
var goKeys = map[area]string{
	areaHome: "H", areaApprovals: "A", areaPresentments: "B", areaBuyers: "Y", areaReceipts: "R", areaUnknown: "U",
	areaDebits: "D", areaAlerts: "P", areaBranches: "L", areaAudit: "T", areaAdmin: "M",
}

// keysCookie says that this browser does without single keys.
const keysCookie = "keys"

// showKeys lists the keys that do something.
func (a *App) showKeys(w http.ResponseWriter, r *http.Request, u user) error {
	if err := readQuery(r).check(); err != nil {
		return err
	}
	ctx := r.Context()
	v := templates.KeysView{Off: cookieValue(r, keysCookie) == "off", Groups: []templates.KeyGroup{
		{Title: text.T(ctx, "keys.everywhere"), Keys: []templates.Key{
			{Press: []string{"/"}, Does: text.T(ctx, "keys.search")}, {Press: []string{"Ctrl", "K"}, Does: text.T(ctx, "keys.search")},
			{Press: []string{"?"}, Does: text.T(ctx, "keys.these")}, {Press: []string{"Esc"}, Does: text.T(ctx, "keys.back")},
		}},
		{Title: text.T(ctx, "keys.lists"), Keys: []templates.Key{
			{Press: []string{"J"}, Does: text.T(ctx, "keys.next")}, {Press: []string{"K"}, Does: text.T(ctx, "keys.previous")},
			{Press: []string{"↓", "↑"}, Does: text.T(ctx, "keys.arrows")}, {Press: []string{"Enter"}, Does: text.T(ctx, "keys.open")},
		}},
		{Title: text.T(ctx, "keys.areas")},
	}}
	areas := &v.Groups[len(v.Groups)-1]
	for _, entry := range rail {
		if letter := goKeys[entry.area]; letter != "" && a.opens(u, entry.href) {
			areas.Keys = append(areas.Keys, templates.Key{Press: []string{"G", letter}, Does: text.T(ctx, text.Prefix("edge.area.")+string(entry.area))})
		}
	}
	areas.Keys = append(areas.Keys, templates.Key{Press: []string{"G", "N"}, Does: text.T(ctx, "notice.title")})
	return a.page(w, r, u, shell{Header: v.Header(ctx), Part: templates.KeysPart}, templates.Keys(v))
}
