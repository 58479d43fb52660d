// The browser asks the host that it got the page from, which hands it on to gate.
window.spinnakerSettings.gateUrl = window.location.origin + '/gate';
window.spinnakerSettings.authEnabled = false;
window.spinnakerSettings.defaultProviders = ['aws'];
