"""Open311 GeoReport v2: service requests of other programs, over HTTP."""
