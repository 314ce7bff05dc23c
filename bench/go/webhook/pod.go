package main

import "encoding/json"

type pod struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   metadata `json:"metadata"`
	Spec       spec     `json:"spec"`
}

type metadata struct {
	Name            string            `json:"name"`
	GenerateName    string            `json:"generateName"`
	Namespace       string            `json:"namespace"`
	Labels          map[string]string `json:"labels"`
	Annotations     map[string]string `json:"annotations"`
	OwnerReferences []ownerReference  `json:"ownerReferences"`
	ManagedFields   []managedFields   `json:"managedFields"`
}

type ownerReference struct {
	APIVersion         string `json:"apiVersion"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	UID                string `json:"uid"`
	Controller         *bool  `json:"controller"`
	BlockOwnerDeletion *bool  `json:"blockOwnerDeletion"`
}

type managedFields struct {
	Manager    string `json:"manager"`
	Operation  string `json:"operation"`
	APIVersion string `json:"apiVersion"`
	Time       string `json:"time"`
	FieldsType string `json:"fieldsType"`
	// Kept as bytes, as metav1.FieldsV1.
	FieldsV1 json.RawMessage `json:"fieldsV1"`
}

type spec struct {
	Volumes                       []volume         `json:"volumes"`
	InitContainers                []container      `json:"initContainers"`
	Containers                    []container      `json:"containers"`
	RestartPolicy                 string           `json:"restartPolicy"`
	TerminationGracePeriodSeconds *int64           `json:"terminationGracePeriodSeconds"`
	DNSPolicy                     string           `json:"dnsPolicy"`
	ServiceAccountName            string           `json:"serviceAccountName"`
	SchedulerName                 string           `json:"schedulerName"`
	ImagePullSecrets              []localReference `json:"imagePullSecrets"`
	Tolerations                   []toleration     `json:"tolerations"`
	Priority                      *int32           `json:"priority"`
	EnableServiceLinks            *bool            `json:"enableServiceLinks"`
	PreemptionPolicy              *string          `json:"preemptionPolicy"`
}

type localReference struct {
	Name string `json:"name"`
}

type toleration struct {
	Key               string `json:"key"`
	Operator          string `json:"operator"`
	Effect            string `json:"effect"`
	TolerationSeconds *int64 `json:"tolerationSeconds"`
}

type volume struct {
	Name      string     `json:"name"`
	ConfigMap *configMap `json:"configMap"`
	Projected *projected `json:"projected"`
}

type configMap struct {
	Name        string `json:"name"`
	DefaultMode *int32 `json:"defaultMode"`
	Items       []item `json:"items"`
}

type item struct {
	Key      string            `json:"key"`
	Path     string            `json:"path"`
	FieldRef map[string]string `json:"fieldRef"`
}

type projected struct {
	Sources     []source `json:"sources"`
	DefaultMode *int32   `json:"defaultMode"`
}

type source struct {
	ServiceAccountToken *serviceAccountToken `json:"serviceAccountToken"`
	ConfigMap           *configMap           `json:"configMap"`
	DownwardAPI         *configMap           `json:"downwardAPI"`
}

type serviceAccountToken struct {
	ExpirationSeconds *int64 `json:"expirationSeconds"`
	Path              string `json:"path"`
}

type container struct {
	Name                     string    `json:"name"`
	Image                    string    `json:"image"`
	Command                  []string  `json:"command"`
	Args                     []string  `json:"args"`
	Ports                    []port    `json:"ports"`
	Env                      []env     `json:"env"`
	Resources                resources `json:"resources"`
	VolumeMounts             []mount   `json:"volumeMounts"`
	LivenessProbe            *probe    `json:"livenessProbe"`
	ReadinessProbe           *probe    `json:"readinessProbe"`
	TerminationMessagePath   string    `json:"terminationMessagePath"`
	TerminationMessagePolicy string    `json:"terminationMessagePolicy"`
	ImagePullPolicy          string    `json:"imagePullPolicy"`
}

type port struct {
	ContainerPort int32  `json:"containerPort"`
	Protocol      string `json:"protocol"`
}

type env struct {
	Name      string                    `json:"name"`
	Value     string                    `json:"value"`
	ValueFrom map[string]map[string]any `json:"valueFrom"`
}

type resources struct {
	Limits   map[string]string `json:"limits"`
	Requests map[string]string `json:"requests"`
}

type mount struct {
	Name      string `json:"name"`
	ReadOnly  bool   `json:"readOnly"`
	MountPath string `json:"mountPath"`
}

type probe struct {
	HTTPGet *struct {
		Path   string `json:"path"`
		Port   any    `json:"port"`
		Scheme string `json:"scheme"`
	} `json:"httpGet"`
	TimeoutSeconds   int32 `json:"timeoutSeconds"`
	PeriodSeconds    int32 `json:"periodSeconds"`
	SuccessThreshold int32 `json:"successThreshold"`
	FailureThreshold int32 `json:"failureThreshold"`
}
