from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WEATHER_")

    units: str = "metric"
    provider_token: str
    database_url: str = Field(validation_alias="DATABASE_URL")
