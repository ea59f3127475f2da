// The finder of branches: where one is, and a map that can be moved. It is fetched
// when somebody presses one of the two buttons; the page works without it.

const branchForm = document.getElementById("branch-form");
const place = branchForm?.querySelector("[name=place]");
const saidOf = document.getElementById("branch-said");

const searchAt = (lat, lon) => {
  place.value = `${lat.toFixed(4)}, ${lon.toFixed(4)}`;
  branchForm.requestSubmit(branchForm.querySelector("button[type=submit]:not([name])"));
};

const locate = (button) => {
  const refused = () => {
    button.disabled = false;
    saidOf.textContent = button.dataset.refused;
  };
  button.disabled = true;
  if (!navigator.geolocation) return refused();
  navigator.geolocation.getCurrentPosition(({ coords }) => searchAt(coords.latitude, coords.longitude), refused, { timeout: 15000, maximumAge: 60000 });
};

const load = (element) =>
  new Promise((done, failed) => {
    element.onload = done;
    element.onerror = failed;
    document.head.append(element);
  });

// A canvas does not know our names of colours.
const colour = (of) => {
  const probe = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  probe.setAttribute("fill", `var(${of})`);
  document.body.append(probe);
  const { fill } = getComputedStyle(probe);
  probe.remove();
  return fill;
};

// The outline's edges in degrees: its projection turned round.
const edge = (x, y) => {
  const mercator = (((y - 14003.074) / -669.4451) * Math.PI) / 180;
  return [((2 * Math.atan(Math.exp(mercator)) - Math.PI / 2) * 180) / Math.PI, (x + 65645.607) / 674.3641];
};

const openMap = async (figure) => {
  const { lat, lon, km, points, tiles, leaflet, leafletIntegrity, sheet, outline, label, here, details } = figure.dataset;
  const [drawn, dots] = await Promise.all([
    fetch(outline).then((answer) => answer.text()),
    fetch(points).then((answer) => (answer.ok ? answer.json() : Promise.reject(answer))),
    window.L ?? load(Object.assign(document.createElement("script"), { src: leaflet, integrity: leafletIntegrity })),
    window.L ?? load(Object.assign(document.createElement("link"), { rel: "stylesheet", href: sheet })),
  ]);
  const frame = document.createElement("div");
  frame.className = "branch-frame";
  frame.setAttribute("aria-label", label);
  frame.setAttribute("role", "application");
  figure.querySelector("svg").replaceWith(frame);
  const L = window.L;
  const map = L.map(frame, { maxBounds: [[4, 95], [22, 108]], minZoom: 5, maxZoom: tiles ? 18 : 14, preferCanvas: true });
  map.attributionControl.setPrefix(false);
  if (tiles) {
    L.tileLayer(tiles, { maxZoom: 19 }).addTo(map);
  } else {
    const country = new DOMParser().parseFromString(drawn, "image/svg+xml").documentElement;
    country.setAttribute("class", "country");
    country.setAttribute("aria-hidden", "true");
    L.svgOverlay(document.importNode(country, true), [edge(0, 10250), edge(5600, 0)], { pane: "tilePane" }).addTo(map);
  }
  const center = [Number(lat), Number(lon)];
  map.fitBounds(L.latLng(center).toBounds(Number(km) * 2000));
  L.circle(center, { radius: Number(km) * 1000, color: colour("--accent"), weight: 1, dashArray: "4 4", fill: false, interactive: false }).addTo(map);
  L.circleMarker(center, { radius: 7, color: colour("--raised"), weight: 2, fillColor: colour("--bad"), fillOpacity: 1, interactive: false }).addTo(map);

  const light = (id) => {
    document.querySelectorAll("#branches > .lit").forEach((item) => item.classList.remove("lit"));
    const item = document.getElementById("p-" + id);
    item?.classList.add("lit");
    return item;
  };
  const told = (dot) => {
    const box = document.createElement("div");
    const name = document.createElement("strong");
    name.textContent = dot.name;
    const state = document.createElement("span");
    state.textContent = `${dot.kind} · ${dot.open}`;
    const link = document.createElement("a");
    link.href = "/branches/" + encodeURIComponent(dot.id);
    link.textContent = details;
    box.append(name, state, link);
    return box;
  };
  const markers = new Map();
  for (const dot of dots) {
    const marker = L.circleMarker([dot.lat, dot.lon], { radius: 6, color: colour("--raised"), weight: 1, fillColor: colour("--accent"), fillOpacity: 0.9 });
    marker.bindPopup(() => told(dot)).addTo(map);
    marker.on("click", () => light(dot.id)?.scrollIntoView({ block: "nearest" }));
    markers.set("p-" + dot.id, marker);
  }
  for (const happens of ["focusin", "mouseover"]) {
    document.getElementById("branches")?.addEventListener(happens, ({ target }) => {
      const item = target.closest("li");
      const marker = item && markers.get(item.id);
      if (!marker || item.classList.contains("lit")) return;
      light(item.id.slice(2));
      if (!map.getBounds().contains(marker.getLatLng())) map.panTo(marker.getLatLng());
      marker.openPopup();
    });
  }
  if (branchForm) {
    map.on("click", ({ latlng }) => {
      const search = document.createElement("button");
      search.type = "button";
      search.className = "button small";
      search.textContent = here;
      search.addEventListener("click", () => searchAt(latlng.lat, latlng.lng));
      L.popup({ content: search }).setLatLng(latlng).openOn(map);
    });
  }
};

export default async (button) => {
  if (button.id === "branch-position") return locate(button);
  const figure = document.getElementById("branch-map");
  button.disabled = true;
  try {
    await openMap(figure);
    button.remove();
    figure.querySelector(".branch-frame").focus();
  } catch {
    button.disabled = false;
    button.replaceWith(figure.dataset.failed);
  }
};
