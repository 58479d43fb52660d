package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
)

const scope = "rides/ride"

// permitted tells whether a request may ask for a rider. One without an Authorization header may: then there is
// no domain, and nobody signs in. The load balancer has verified the token, so its claims are read as they are;
// what cannot be read permits nothing.
func permitted(r *http.Request, rider string) bool {
	given := r.Header.Values("Authorization")
	if len(given) == 0 {
		return true
	}
	said := strings.Fields(given[0])
	if len(given) > 1 || len(said) != 2 || !strings.EqualFold(said[0], "Bearer") {
		return false
	}
	parts := strings.Split(said[1], ".")
	if len(parts) != 3 {
		return false
	}
	var claims struct {
		Subject string `json:"sub"`
		Client  string `json:"client_id"`
		Scope   string `json:"scope"`
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(text, &claims) != nil {
		return false
	}
	if claims.Subject == "" {
		claims.Subject = claims.Client // a program that has no user
	}
	for _, one := range strings.Fields(claims.Scope) {
		if one == scope {
			return claims.Subject == rider
		}
	}
	return false
}
